"""What a search found, as it stands in `gates.json` and on the page."""

from __future__ import annotations

from msgspec import Struct

from skerry_converters.accuracy.recipe import Aim, Recipe


class Score(Struct, frozen=True, kw_only=True):
    """How close a file comes to the float network on calibration samples; more is better.

    ``sqnr_db`` is the mean of the outputs' signal-to-quantization-noise ratios. ``kept_points`` is the AP at IoU 0.5,
    in points, with the float network's own detections as the truth; None where it is no detector, or it finds nothing.
    """

    sqnr_db: float
    kept_points: float | None = None


class Trial(Struct, frozen=True, kw_only=True):
    """One recipe that was tried; ``score`` is None where the tool could not carry it out, for ``reason``."""

    recipe: Recipe
    score: Score | None = None
    reason: str = ""


class LayerSensitivity(Struct, frozen=True, kw_only=True):
    """The mean SQNR of the outputs when this layer alone is on integers; ``macs`` are those of one run."""

    name: str
    sqnr_db: float
    macs: int
    kept_float: bool = False


class SearchReport(Struct, frozen=True, kw_only=True):
    """A whole search, or the recipe alone where one was given instead of an ``aim``.

    ``equalised_max_abs_error`` is the largest difference of an output that equalisation made in float. ``layers`` are
    ranked, the most sensitive first; empty where no layer had to stay float. ``samples`` were measured on.
    ``stopped`` says in words why the search ended.
    """

    chosen: Recipe
    aim: Aim | None = None
    trials: tuple[Trial, ...] = ()
    layers: tuple[LayerSensitivity, ...] = ()
    equalised_max_abs_error: float | None = None
    samples: int = 0
    elapsed_s: float = 0.0
    stopped: str = ""

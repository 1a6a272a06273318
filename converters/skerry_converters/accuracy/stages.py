"""The recipes in the order in which they are tried; pure, so that the order can be read in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from skerry_converters.accuracy.recipe import Recipe
from skerry_converters.accuracy.report import Score

WORTH_DB = 0.5
CLEAN_DB = 20.0

Stage = Callable[[Recipe], list[Recipe]]
"""Variations of the best recipe so far; the best of them and it goes on to the next stage."""


def recipe_stages(*, presets: Sequence[str], linked: bool, corrects_biases: bool) -> tuple[Stage, ...]:
    """Return the stages that cost no speed.

    ``linked`` says whether the network has anything to equalise, ``corrects_biases`` that the tool does so itself: it
    measures against the float file that it is given, and would take a correction in that one for the truth.
    """
    stages: list[Stage] = []
    if linked:
        stages.append(lambda best: [replace(best, equalised=by) for by in ("weights", "activations")])
    stages.append(lambda best: [replace(best, ranges=ranges) for ranges in ("least-error", "percentile")])
    if not corrects_biases:
        stages.append(lambda best: [replace(best, bias_corrected=True)])
    if len(presets) > 1:
        stages.append(lambda best: [replace(best, preset=preset) for preset in presets[1:]])
    return tuple(stages)


def growing(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield the first one, two, four … of ``names``, and all of them last."""
    count = 1
    while count < len(names):
        yield tuple(names[:count])
        count *= 2
    if names:
        yield tuple(names)


def worth_taking(new: Score, best: Score) -> bool:
    """Tell whether a more involved recipe comes so much closer to the float network that it should be taken.

    Noise decides, not boxes: over a few dozen samples an average precision moves by points for a single box. A gain of
    less than WORTH_DB may be the choice of samples as well, and the simpler recipe stays.
    """
    return new.sqnr_db >= best.sqnr_db + WORTH_DB


def enough(score: Score, max_drop: float) -> bool:
    """Tell whether a file keeps so much of what the float network finds that no layer has to stay float.

    Where nothing is found, noise alone cannot tell, and the answer is no.
    """
    return score.kept_points is not None and 100.0 - score.kept_points <= max_drop


def clean(score: Score, max_drop: float) -> bool:
    """Tell whether a plain file is so good that other recipes would only exchange one noise for another.

    What is kept of the calibration samples flatters, so it does not decide alone.
    """
    return enough(score, max_drop) and score.sqnr_db >= CLEAN_DB

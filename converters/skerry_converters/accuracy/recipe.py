"""What is tried to keep accuracy: the user's aim, recipes, and the plan that a quantizer carries out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from msgspec import Struct

Equalisation = Literal["", "weights", "activations"]
"""By what channels are made alike: nothing, weights alone (Nagel et al. 2019), or activations as well."""
Ranges = Literal["tool", "least-error", "percentile"]
"""Ranges of activations: the tool's own, by least squared error after the activation, or without outliers."""


class Aim(Struct, frozen=True, kw_only=True):
    """What the user asked for: at most ``max_drop`` points lost, found within ``budget_s`` seconds a target."""

    max_drop: float
    budget_s: float


class Recipe(Struct, frozen=True, kw_only=True):
    """One way to quantize; all but ``kept_float`` costs no speed on the device.

    ``preset`` is one of the quantizer's own; ``kept_float`` names multipliers that stay float.
    """

    equalised: Equalisation = ""
    ranges: Ranges = "tool"
    bias_corrected: bool = False
    preset: str = ""
    kept_float: tuple[str, ...] = ()


Goal = Aim | Recipe
"""What an integer file is made for: an aim to search a recipe for, or the recipe that such a search chose before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a quantizer is to do: ``float_file`` holds the weights as they shall be rounded.

    ``ranges`` gives least and greatest value for some tensors of it; for others the tool's own calibration holds.
    """

    float_file: Path
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    kept_float: frozenset[str] = frozenset()
    preset: str = ""

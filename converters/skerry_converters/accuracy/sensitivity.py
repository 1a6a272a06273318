"""Which layers lose most on integers, and which of them are worth keeping float."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from skerry_converters.accuracy.float_graph import Multiplier
from skerry_converters.accuracy.report import LayerSensitivity

LEAST_INTEGER_SHARE = 0.95
"""The share of multiply-accumulates that stays on integers whatever is kept float."""


def measuring_order(multipliers: Sequence[Multiplier]) -> list[Multiplier]:
    """Return the layers that could be kept float, those first that are likely to need it.

    Time may run out before all are measured. Layers of few filters' worth of work per value suffer most from one scale
    for a tensor: depthwise ones, and the first and last ones of the network.
    """
    affordable = [one for one in multipliers if one.may_stay_float and one.macs <= spare_macs(multipliers)]
    places = {one.name: place for place, one in enumerate(multipliers)}
    ends = {multipliers[0].name, multipliers[-1].name} if multipliers else set()
    return sorted(affordable, key=lambda one: (one.name not in ends, one.groups == 1, places[one.name]))


def spare_macs(multipliers: Iterable[Multiplier]) -> int:
    """Return how many multiply-accumulates may leave the integers."""
    return int((1 - LEAST_INTEGER_SHARE) * sum(one.macs for one in multipliers))


def ranked(layers: Iterable[LayerSensitivity]) -> tuple[LayerSensitivity, ...]:
    """Return layers in order, the most sensitive first; of equals the one with less work."""
    return tuple(sorted(layers, key=lambda one: (one.sqnr_db, one.macs, one.name)))


def worth_keeping(ranking: Sequence[LayerSensitivity], spare: int) -> tuple[str, ...]:
    """Return the names of the layers to keep float, the most sensitive first, as many as ``spare`` allows.

    A layer that does not fit any more is passed over for less sensitive ones that do.
    """
    kept = []
    for one in ranking:
        if one.macs <= spare:
            kept.append(one.name)
            spare -= one.macs
    return tuple(kept)

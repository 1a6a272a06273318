"""The accuracy-latency front: what no other candidate beats in one of both without losing in the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
Costs = tuple[float, float]
"""Two figures of which less is better, such as milliseconds and points lost."""


def on_front(items: Sequence[tuple[T, Costs]]) -> list[T]:
    """Return the items that none dominates, in their order; of equals none dominates the other."""
    return [item for item, costs in items if not any(dominates(other, costs) for _, other in items)]


def dominates(one: Costs, other: Costs) -> bool:
    """Tell whether ``one`` is nowhere worse than ``other`` and somewhere better."""
    return one[0] <= other[0] and one[1] <= other[1] and one != other

"""Which dead letters make room for new ones: everybody keeps a fair share, and what was replayed goes first. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

DEVICE_LEVELS = 4
"""Levels of a topic of ours up to its device: skerry/v1/<site>/<device>/<kind>."""


class Letter(NamedTuple):
    """What is to be known of a letter; a higher ``id`` is newer."""

    id: int
    topic: str
    reason: str
    is_replayed: bool


def excess(letters: Sequence[Letter], *, keep: int) -> list[Letter]:
    """Return those that are to go so that ``keep`` are left.

    First those that were replayed, oldest first; then, one after the other, the oldest of whichever device and reason
    has the most: who babbles pushes out nobody else's.
    """
    counts: Counter[tuple[str, str]] = Counter()
    places: dict[int, tuple[bool, int, int]] = {}
    for one in sorted(letters, key=lambda one: one.id, reverse=True):
        whose = _device(one.topic), one.reason
        counts[whose] += not one.is_replayed
        places[one.id] = (not one.is_replayed, 0 if one.is_replayed else -counts[whose], one.id)
    return sorted(letters, key=lambda one: places[one.id])[: max(0, len(letters) - keep)]


def _device(topic: str) -> str:
    """Return the part of a topic that names its device; all topics without one are one."""
    levels = topic.split("/")
    return "/".join(levels[:DEVICE_LEVELS]) if len(levels) > DEVICE_LEVELS else ""

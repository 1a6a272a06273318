"""Which dead letters make room for new ones: everybody keeps a fair share, and what was replayed goes first. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

DEVICE_LEVELS = 4
"""Levels of a topic of ours up to its device: skerry/v1/<site>/<device>/<kind>."""


class Letter(NamedTuple):
    """What is to be known of a letter; a higher ``id`` is newer, ``kept_bytes`` is what is kept of its payload."""

    id: int
    topic: str
    reason: str
    is_replayed: bool
    kept_bytes: int = 0


def one_each(_letter: Letter) -> int:
    """Return 1: letters are counted."""
    return 1


def excess(letters: Sequence[Letter], *, keep: int, size: Callable[[Letter], int] = one_each) -> list[Letter]:
    """Return those that are to go so that at most ``keep`` are left, as ``size`` measures them.

    First those that were replayed, oldest first; then, one after the other, the oldest of whichever device and reason
    has the most: who babbles pushes out nobody else's.
    """
    counts: Counter[tuple[str, str]] = Counter()
    places: dict[int, tuple[bool, int, int]] = {}
    for one in sorted(letters, key=lambda one: one.id, reverse=True):
        whose = _device(one.topic), one.reason
        counts[whose] += 0 if one.is_replayed else size(one)
        places[one.id] = (not one.is_replayed, 0 if one.is_replayed else -counts[whose], one.id)
    too_much = sum(map(size, letters)) - keep
    gone = []
    for one in sorted(letters, key=lambda one: places[one.id]):
        if too_much <= 0:
            break
        too_much -= size(one)
        gone.append(one)
    return gone


def _device(topic: str) -> str:
    """Return the part of a topic that names its device; all topics without one are one."""
    levels = topic.split("/")
    return "/".join(levels[:DEVICE_LEVELS]) if len(levels) > DEVICE_LEVELS else ""

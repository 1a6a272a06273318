"""What earlier rollouts brought to a device, and what it therefore refuses. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from skerry_server.rollouts.states import DeviceState

TAKEN: tuple[DeviceState, ...] = ("committed", "returning", "returned", "not-returned")
"""In these a device had committed the release of the rollout, and its counter with it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """A release that a device committed: ``state``, a word of TAKEN, tells whether it still had it in the end."""

    version: str
    counter: int
    from_version: str | None
    state: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """``counter`` is the highest that the device is known to have committed, ``way_back`` the version that it keeps.

    A device refuses a release below that counter, but for the one that it keeps.
    """

    counter: int = 0
    way_back: str | None = None

    def refuses(self, version: str, counter: int) -> bool:
        """Tell whether the device would refuse a release for its counter's sake."""
        return counter < self.counter and version != self.way_back


def past_of(taken: Sequence[Taken], *, running: str | None, counters: Mapping[str, int]) -> Past:
    """Return what is known of a device that took ``taken``, oldest first, and runs the version ``running`` now.

    ``counters`` are those of the versions that rollouts brought anywhere: a stick may have brought one of them.
    """
    counter = max([counters.get(running or "", 0), *(one.counter for one in taken)])
    return Past(counter=counter, way_back=_way_back(taken[-1], running) if taken else None)


def _way_back(newest: Taken, running: str | None) -> str | None:
    """Return the version before the one that runs: what is brought by hand comes after what the rollout left."""
    pair = newest.version, newest.from_version
    left, other = reversed(pair) if newest.state == "returned" else pair
    return other if running == left else left

"""The clocks of a device, and which time expiry is judged by: never by what the local clock alone says."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from skerry_edge.machine.boot import boot_id, since_boot_s

FURTHEST_AHEAD_S = 10 * 365.25 * 86400
"""A clock that is further ahead of all signed time than boards live is wrong, whoever has set it."""


class Clock(Protocol):
    """What a device knows of time."""

    def wall_s(self) -> float | None:
        """Return the wall clock in Unix seconds, None where nothing has set it right."""
        ...

    def running_s(self) -> float:
        """Return the seconds since the machine started, those that it slept included."""
        ...

    def boot(self) -> str:
        """Return what names this start of the machine."""
        ...


@dataclass(frozen=True, slots=True)
class LocalClock:
    """The machine's own clocks; ``is_synchronised`` tells whether the wall clock can be trusted now."""

    is_synchronised: Callable[[], bool]

    def wall_s(self) -> float | None:
        """Return the wall clock in Unix seconds, None where it is not synchronised."""
        return time.time() if self.is_synchronised() else None

    def running_s(self) -> float:
        """Return the seconds since the machine started, those that it slept included."""
        return since_boot_s()

    def boot(self) -> str:
        """Return the kernel's id of this start."""
        return boot_id()


def time_for_sure_s(*, wall_s: float | None, signed_s: float | None) -> float | None:
    """Return a time that has passed for sure, in Unix seconds; None where nothing tells.

    ``signed_s`` is the newest time that trusted metadata gives, with the time added that the machine has run since. A
    wall clock counts where it is later than that, by no more than FURTHEST_AHEAD_S.
    """
    if signed_s is None:
        return wall_s
    if wall_s is None or wall_s > signed_s + FURTHEST_AHEAD_S:
        return signed_s
    return max(wall_s, signed_s)

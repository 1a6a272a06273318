"""Pauses (circuit breakers): what has just failed is left alone for a while, longer each time; work goes on without."""

from __future__ import annotations

import time
from collections.abc import Sequence

from skerry_edge.foundation.errors import SkerryError
from skerry_server.errors import RefusedPointsError, StoreError, bare
from skerry_server.stores.base import Point, Store

FIRST_PAUSE_S = 0.25
LAST_PAUSE_S = 15.0


class Pause:
    """Whether one part is left alone now; times are monotonic (seconds). May be used from any thread."""

    def __init__(self) -> None:
        self.error: SkerryError | None = None
        self._until_s = 0.0
        self._next_s = FIRST_PAUSE_S

    @property
    def holds(self) -> bool:
        """Tell whether it is too early to try again."""
        return self.reason() is not None

    def reason(self) -> SkerryError | None:
        """Return why it is too early to try again, None where it is not."""
        # Read once: another thread may end the pause meanwhile.
        error = self.error
        return error if time.monotonic() < self._until_s else None

    def begin(self, error: SkerryError, *, at_least_s: float = 0.0) -> None:
        """Leave the part alone, because of ``error``."""
        self.error = bare(error)
        self._until_s = time.monotonic() + max(self._next_s, at_least_s)
        self._next_s = min(2 * self._next_s, LAST_PAUSE_S)

    def cut_short(self) -> None:
        """Try again at once: nothing else can be done meanwhile."""
        self._until_s = 0.0

    def end(self) -> None:
        """Note that it works."""
        self.error, self._next_s = None, FIRST_PAUSE_S


class PatientStore:
    """Writes to a store, and fails at once, with the last reason, while that is left alone."""

    def __init__(self, store: Store) -> None:
        self.pause = Pause()
        self._store = store

    def write(self, points: Sequence[Point]) -> None:
        """Write as the store does. Raises StoreError and RefusedPointsError."""
        reason = self.pause.reason()
        if reason is not None:
            # One of its own for each write: an error that is raised again and again grows by its tracebacks.
            raise _not_asked(reason)
        try:
            self._store.write(points)
        except RefusedPointsError:
            self.pause.end()
            raise
        except StoreError as error:
            self.pause.begin(error, at_least_s=error.retry_after_s or 0.0)
            raise
        except SkerryError as error:
            # A configuration that turned out not to fit what answers: a person can mend it, and nothing is lost.
            self.pause.begin(error)
            raise _not_asked(error) from error
        self.pause.end()


def _not_asked(reason: SkerryError) -> StoreError:
    """Return why nothing was written, as of a store that loses nothing by it."""
    error = StoreError(reason.what, where=reason.where, found=reason.found, todo=reason.todo)
    error.may_have_lost = False
    return error

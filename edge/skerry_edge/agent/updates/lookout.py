"""Looks at the repository now and then, ordered or not: who keeps news back may keep the orders back, too."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from skerry_edge.ota.job import Job
from skerry_edge.ota.looked import Looked

_log = logging.getLogger(__name__)
FIRST_S = 60.0
"""How long after the agent's start the first look is."""
EVERY_S = 6 * 3600.0
LOOK_S = 1.0
"""How often it is seen whether the worker has ended."""
RETRY_S = 300.0
REFUSED = "update-repository"
"""The label of the system event that says why the repository is refused; its text begins with the reason's word."""
GOOD_AGAIN = "the repository of releases is trusted again"


class Silence(Protocol):
    """What notes how long the repository brings nothing new (agent/updates/silence.py)."""

    def act(self, now_s: float) -> float:
        """Do what is due, and return when there is more."""
        ...

    def note(self) -> None:
        """Do it now."""
        ...


class Worker(Protocol):
    """What looks."""

    @property
    def is_running(self) -> bool:
        """Whether it is at it."""
        ...

    def start(self, job: Job) -> None:
        """Begin. Raises OSError where the system has no room for it."""
        ...

    def kill(self) -> None:
        """End it now."""
        ...


class Lookout:
    """One worker from time to time; each change of what it finds is told once."""

    def __init__(
        self,
        worker: Worker,
        silence: Silence,
        job: Callable[[], Job],
        found: Callable[[], Looked],
        tell: Callable[[str, str], None],
    ) -> None:
        """Prepare; ``job`` makes what the worker is told, ``found`` reads its last look, ``tell`` is a system event."""
        self._worker = worker
        self._silence = silence
        self._job = job
        self._found = found
        self._tell = tell
        self._told: str | None = None
        self._due_s: float | None = None
        self._was_started = False

    def act(self, now_s: float) -> float:
        """Do what is due while no order's worker runs, and return when there is more."""
        if self._due_s is None:
            self._due_s = now_s + FIRST_S
        if self._worker.is_running:
            return now_s + LOOK_S
        if self._was_started:
            self._was_started = False
            self._hear(self._found())
        note_s = self._silence.act(now_s)
        return min(note_s, self._due_s) if now_s < self._due_s else self._look(now_s)

    def rest(self) -> None:
        """End a look that is under way, to be made up for: an order's worker shares what it writes."""
        if self._was_started:
            self._worker.kill()
            self._was_started = False
            self._due_s = None

    def close(self) -> None:
        """End what was started, once nothing else looks; the device may be about to be switched off."""
        self.rest()
        self._silence.note()

    def _look(self, now_s: float) -> float:
        try:
            self._worker.start(self._job())
        except OSError as error:
            _log.warning("nobody can look at the repository now: %s", error.strerror)
            self._due_s = now_s + RETRY_S
            return self._due_s
        self._was_started = True
        self._due_s = now_s + EVERY_S
        return now_s + LOOK_S

    def _hear(self, looked: Looked) -> None:
        if looked.refused == self._told:
            return
        self._told = looked.refused
        self._tell(REFUSED, GOOD_AGAIN if looked.refused is None else f"{looked.refused}: {looked.detail}")

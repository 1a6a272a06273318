"""How long the repository has been silent, noted while no worker is at the floors, and told where those were lost.

A worker looks every few hours. A device that is switched off each evening would count a minute a day without this.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from skerry_edge.foundation.errors import ReachError
from skerry_edge.ota.trust.clock import Clock
from skerry_edge.ota.trust.floors import FloorFile

_log = logging.getLogger(__name__)
EVERY_S = 600.0
LOST = "update-floors-damaged"
"""The label of the system event that says that the device does not know any more what it has seen of its repository."""
_LOST_TEXT = (
    "the file of what was seen of the repository was damaged and set aside; until the next good look, the cached "
    "metadata alone guards against an older one"
)


class Silence:
    """Adds the time that the machine has run to the floors. To be used only while no worker runs."""

    def __init__(self, file: FloorFile, clock: Clock, tell: Callable[[str, str], None]) -> None:
        """Prepare; ``tell`` reports a system event."""
        self._file = file
        self._clock = clock
        self._tell = tell
        self._due_s: float | None = None

    def act(self, now_s: float) -> float:
        """Do what is due, and return when there is more."""
        if self._due_s is None or now_s >= self._due_s:
            self._due_s = now_s + EVERY_S
            self.note()
        return self._due_s

    def note(self) -> None:
        """Write down how long the machine has run; a disk that refuses is tried again the next time."""
        try:
            if self._file.is_lost:
                self._tell(LOST, _LOST_TEXT)
                self._file.acknowledge_loss()
            floors = self._file.read()
            if floors is not None and floors.roles:
                self._file.write(floors.aged(boot=self._clock.boot(), running_s=self._clock.running_s()))
        except (OSError, ReachError) as error:
            _log.warning("how long the repository is silent cannot be noted now: %s", error)

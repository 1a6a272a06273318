"""What befalls the state directory while the agent runs: told to the fleet, and made good where it can be."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from skerry_edge.agent.life.lock import StateHold
from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.foundation.errors import SkerryError

_log = logging.getLogger(__name__)
CHECK_S = 5.0
DAMAGED = "state-damaged"
"""The label of the system event that tells of a file that could not be used."""
LOST = "state-lost"
"""The label of the system event that tells of a directory that is another than it was."""


class StateWatch:
    """Tells what was found about the state directory's files, and holds the directory that has its name (a Duty)."""

    def __init__(
        self,
        files: StateFiles,
        hold: StateHold,
        tell: Callable[[str, str], None],
        *,
        keepers: Sequence[Callable[[], None]] = (),
    ) -> None:
        """Prepare; ``tell`` reports a system event by its label and its text.

        Each of ``keepers`` is called where the directory is another one, to write down again what must outlive a
        restart; one that raises a SkerryError is called again later.
        """
        self._files = files
        self._hold = hold
        self._tell = tell
        self._keepers = keepers
        self._is_good = True
        self._due_s = 0.0
        self._trouble: str | None = None

    def act(self, now_s: float) -> float:
        """Tell what was found since the last turn, and look after the directory now and then (see Duty)."""
        for text in self._files.take_notices():
            self._tell(DAMAGED, text)
        if now_s >= self._due_s:
            self._due_s = now_s + CHECK_S
            self._is_good = self._is_good and self._hold.is_here()
            if not self._is_good:
                self._make_good()
        return self._due_s

    def _make_good(self) -> None:
        try:
            self._hold.take()
            self._keep()
        except SkerryError as error:
            text = f"the state directory is lost and cannot be made anew: {error}"
            if text != self._trouble:
                self._report(text)
            self._trouble = text
            return
        self._is_good, self._trouble = True, None
        self._report(f"the state directory {self._files.folder} was removed or replaced; it is held anew")

    def _keep(self) -> None:
        """Have all written down, each whatever becomes of the others. Raises the last SkerryError."""
        with ExitStack() as owed:
            for keep in reversed(self._keepers):
                owed.callback(keep)

    def _report(self, text: str) -> None:
        _log.error("%s", text)
        self._tell(LOST, text)

"""What befalls the state directory while the agent runs: told to the fleet, and made good where it can be."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from skerry_edge.agent.life.lock import hold_state_dir
from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.foundation.errors import SkerryError

_log = logging.getLogger(__name__)
CHECK_S = 5.0
DAMAGED = "state-damaged"
"""The label of the system event that tells of a file that could not be used."""
LOST = "state-lost"
"""The label of the system event that tells of a directory that is another than it was."""


class StateWatch:
    """Tells what was found about the state directory's files, and holds a directory that was made anew (a Duty)."""

    def __init__(
        self, files: StateFiles, tell: Callable[[str, str], None], *, keepers: Sequence[Callable[[], None]] = ()
    ) -> None:
        """Prepare; ``tell`` reports a system event by its label and its text.

        Each of ``keepers`` is called where the directory is lost, to write down again what must outlive a restart.
        """
        self._files = files
        self._tell = tell
        self._keepers = keepers
        self._due_s = 0.0
        self._trouble: str | None = None
        self._held = ExitStack()
        self._folder = self._opened(self._held)

    def act(self, now_s: float) -> float:
        """Tell what was found since the last turn, and look after the directory now and then (see Duty)."""
        for text in self._files.take_notices():
            self._tell(DAMAGED, text)
        if now_s >= self._due_s:
            self._due_s = now_s + CHECK_S
            if not self._is_here():
                self._make_good()
        return self._due_s

    def close(self) -> None:
        """Hold no directory any more."""
        self._held.close()

    def _is_here(self) -> bool:
        try:
            return os.path.samestat(self._files.folder.stat(), os.fstat(self._folder))
        except OSError:
            return False

    def _opened(self, held: ExitStack) -> int:
        """Open the directory until ``held`` closes it: nothing that comes after it can have its inode meanwhile."""
        folder = os.open(self._files.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        held.callback(os.close, folder)
        return folder

    def _make_good(self) -> None:
        try:
            with ExitStack() as held:
                held.enter_context(hold_state_dir(self._files.folder))
                folder = self._opened(held)
                for keep in self._keepers:
                    keep()
                self._held.close()
                self._held = held.pop_all()
        except (SkerryError, OSError) as error:
            text = f"the state directory is lost and cannot be made anew: {error}"
            if text != self._trouble:
                self._report(text)
            self._trouble = text
            return
        self._folder, self._trouble = folder, None
        self._report(f"the state directory {self._files.folder} was removed or replaced; it is held anew")

    def _report(self, text: str) -> None:
        _log.error("%s", text)
        self._tell(LOST, text)

"""What befalls the state directory while the agent runs, told to the fleet."""

from __future__ import annotations

from collections.abc import Callable

from skerry_edge.agent.life.loop import NEVER_S
from skerry_edge.agent.life.state_files import StateFiles

DAMAGED = "state-damaged"
"""The label of the system event that tells of a file that could not be used."""


class StateWatch:
    """Tells what was found about the state directory's files (a Duty)."""

    def __init__(self, files: StateFiles, tell: Callable[[str, str], None]) -> None:
        """Prepare; ``tell`` reports a system event by its label and its text."""
        self._files = files
        self._tell = tell

    def act(self, now_s: float) -> float:  # noqa: ARG002  # a finding is what makes it due, not the time
        """Tell what was found since the last turn (see Duty)."""
        for text in self._files.take_notices():
            self._tell(DAMAGED, text)
        return NEVER_S

"""Steps that ask again what CHECK was told: an update may wait for weeks, and what is signed changes meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.ota.choice import Choice
from skerry_edge.ota.machine.happenings import Done, Happening, Refused
from skerry_edge.ota.machine.record import Record
from skerry_edge.ota.preparing import Steps


class Confirmed:
    """The steps of one worker; ``confirm`` is a Supply's.

    It is asked before the first step of a worker that goes on after CHECK, and last, before what runs is touched.
    """

    def __init__(self, steps: Steps, confirm: Callable[[Choice], None]) -> None:
        self._steps = steps
        self._confirm = confirm
        self._was_asked = False

    def take(self, record: Record) -> Happening:
        """Do what the record's state asks for, as far as the release is still the one to be had (see Steps)."""
        problem = None if self._was_asked or record.state == "check" else self._problem(record)
        if problem is not None:
            return problem
        self._was_asked = True
        happening = self._steps.take(record)
        if record.state == "self-test" and isinstance(happening, Done):
            return self._problem(record) or happening
        return happening

    def _problem(self, record: Record) -> Refused | None:
        """Return what speaks against what was chosen. Raises as Supply's methods do."""
        if record.choice is None:
            return None  # what the device has kept: it needs no repository, and CHECK has held it against the floors
        try:
            self._confirm(record.choice)
        except ReleaseError as error:
            if error.reason == "not-found":
                # It was listed: what does not list it now is newer, and signed.
                return Refused(reason=error.reason, detail=str(error))
            raise
        return None

"""The agent's duty for updates: takes an order on, has it prepared, switches, watches, keeps or undoes, and reports."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from skerry_edge.agent.life.loop import NEVER_S
from skerry_edge.agent.updates.keeping import Keeping
from skerry_edge.agent.updates.lookout import Lookout
from skerry_edge.agent.updates.orders import next_order
from skerry_edge.agent.updates.preparation import Fleet, Preparation
from skerry_edge.agent.updates.reports import Reports
from skerry_edge.agent.updates.substitute import Substitute
from skerry_edge.agent.updates.watch import Watch
from skerry_edge.contracts.updates import UpdateState
from skerry_edge.foundation.errors import SkerryError
from skerry_edge.ota.machine.happenings import Begun, Done, Failed, Happening, Overdue, Refused
from skerry_edge.ota.machine.limits import Limits
from skerry_edge.ota.machine.record import Record
from skerry_edge.ota.machine.transitions import ON_TRIAL, actor_of
from skerry_edge.ota.settings import OtaSettings

_log = logging.getLogger(__name__)
LOOK_S = 0.25
"""How often what is switched to or on trial is looked at."""
RETRY_S = 5.0
"""After so long it is tried again what the disk did not take."""
PROGRESS_S = 10.0
"""A download's progress is told no more often."""
UNNOTED = "update-not-noted"
"""The label of the system event that says that a trial was ended, though the disk does not take a note of it."""
_SWITCHED: tuple[UpdateState, ...] = ("switch", "probation", "rollback")
"""What is on trial may be in force."""


class Trial(Protocol):
    """Acts on a record from INTENT on."""

    def act(self, record: Record, now_s: float) -> Happening | None:
        """Do what the state asks for; None where that takes more time. Raises ReachError where the disk refuses."""
        ...

    def undo(self) -> None:
        """Have run what ran before, without a word on the disk: it takes none."""
        ...


class Updates:
    """One update at a time (a Duty). The journal says where it is: this object may be lost at any moment."""

    def __init__(
        self,
        *,
        fleet: Fleet,
        keeping: Keeping,
        preparation: Preparation,
        trial: Callable[[Record, Limits], Trial],
        watch: Watch,
        lookout: Lookout,
        substitute: Substitute,
        reports: Reports,
    ) -> None:
        """Prepare; ``trial`` makes what acts on a record from INTENT on."""
        self._fleet = fleet
        self._keeping = keeping
        self._preparation = preparation
        self._make_trial = trial
        self._watch = watch
        self._lookout = lookout
        self._substitute = substitute
        self._reports = reports
        self._trial: Trial | None = None
        self._verdict: Happening | None = None
        self._undone = ""
        self._entered: tuple[str, str] | None = None
        self._told: tuple[str, str, str | None] | None = None
        self._tell_s = 0.0

    def act(self, now_s: float) -> float:
        """Do what is due (see Duty)."""
        config = self._fleet.in_force
        sample_s = NEVER_S
        if config.ota is not None:
            sample_s = self._watch.sample([one.name for one in config.pipelines], now_s)
        try:
            due_s = self._act(config.ota, now_s)
        except SkerryError as error:
            # The disk takes or gives nothing now; but for the end of a trial, nothing was done that it does not say.
            _log.warning("the update waits: %s", error)
            self._keeping.forget()
            due_s = now_s + RETRY_S
        return min(sample_s, due_s, self._look(config.ota, now_s))

    def _look(self, settings: OtaSettings | None, now_s: float) -> float:
        """Have the repository looked at, also while an order waits: who keeps news back may have given that order."""
        if settings is None or self._preparation.is_running:
            return NEVER_S
        return self._lookout.act(now_s)

    def close(self) -> None:
        """End what was started; the agent's next life goes on with it."""
        self._preparation.close()
        self._lookout.close()
        self._substitute.end()

    def _act(self, settings: OtaSettings | None, now_s: float) -> float:
        record = self._keeping.record
        if record is None:
            self._substitute.act()
            orders = self._fleet.updates
            self._reports.answer(orders, self._keeping.known, now_s)
            found = next_order(orders, self._keeping.known)
            if found is None:
                return NEVER_S
            self._keeping.take_on(*found)
            self._trial = self._entered = self._verdict = None
            return now_s
        self._tell(self._preparation.as_it_waits(record), now_s)
        if actor_of(record.state) == "agent":
            return self._conduct(record, Limits() if settings is None else settings.limits, now_s)
        if settings is None:
            self._keeping.note(Refused(reason="not-used", detail="the agent's configuration has no table [ota]"))
            return now_s
        due_s = self._preparation.act(record, settings, now_s)
        if (waiting := self._preparation.as_it_waits(record)) != record:
            self._tell(waiting, now_s)
        return due_s

    def _conduct(self, record: Record, limits: Limits, now_s: float) -> float:
        """Do what is the agent's own, from INTENT to the report."""
        if self._trial is None:
            self._trial = self._make_trial(record, limits)
        happening: Happening | None = Begun()
        try:
            if self._entered == (record.order.id, record.state):
                happening = None
                happening = self._done(record, self._trial, now_s)
            else:
                self._verdict = None
            if happening is None:
                return now_s + LOOK_S
            self._keeping.note(happening)
        except SkerryError as error:
            is_proved = record.state == "probation" and isinstance(happening, Done)
            if record.state in _SWITCHED and not is_proved:
                self._undo(record, self._trial, error)
            raise
        self._entered = (record.order.id, record.state)
        return now_s

    def _done(self, record: Record, trial: Trial, now_s: float) -> Happening | None:
        """Do what the state asks for, and return what came of it, None where it takes more time."""
        if record.state in ("report", "report-fail"):
            # In the outbox before it is done with: it may be told twice, and never not at all.
            place = (record.order.id, record.state, record.reason)
            if self._told != place:
                self._reports.report(record, None)
            self._told = place
            return Done()
        if self._verdict is not None:
            return self._verdict
        is_late = record.state in ON_TRIAL and self._keeping.is_overdue
        happening = Overdue() if is_late else trial.act(record, now_s)
        # What it was judged by may be gone when the disk takes it at last, so it is judged once. A switch is made once,
        # too: undone for want of a note, it is in force again when its probation begins.
        is_final = record.state == "switch" or isinstance(happening, Failed | Overdue)
        self._verdict = happening if is_final else None
        return happening

    def _undo(self, record: Record, trial: Trial, error: SkerryError) -> None:
        """End a trial that the disk takes no note of: what nobody can count on must not stay in force."""
        trial.undo()
        was_in_force = record.state == "probation" or self._verdict is not None
        if was_in_force and self._undone != record.order.id:
            self._undone = record.order.id
            verdict = self._verdict
            why = "deadline" if isinstance(verdict, Overdue) else "its trial cannot begin"
            why = verdict.reason if isinstance(verdict, Failed) else why
            text = f"{record.subject} runs its version before again ({why}), which cannot be noted: {error}"
            self._reports.tell(UNNOTED, text)

    def _tell(self, record: Record, now_s: float) -> None:
        """Report each new state, each new reason why it waits, and a download's progress now and then."""
        place = (record.order.id, record.state, record.reason)
        is_downloading = record.state == "download" and now_s >= self._tell_s
        if record.state in ("report", "report-fail") or (place == self._told and not is_downloading):
            return
        self._told, self._tell_s = place, now_s + PROGRESS_S
        self._reports.report(record, self._preparation.progress if record.state == "download" else None)

"""The page of one rollout: how far it is, what failed, each device's story, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from skerry_server.api.context import Context
from skerry_server.auth.table import OPERATOR_EVERYWHERE
from skerry_server.auth.visitors import Visitor
from skerry_server.registry.audit.trail import Author, list_audit
from skerry_server.registry.checks import check_choice, check_name
from skerry_server.registry.models import RolloutRow
from skerry_server.rollouts import changes, reading
from skerry_server.rollouts.candidates import read_candidates
from skerry_server.rollouts.eligibility import WHY_NOT, Planned, fits_nobody, plan
from skerry_server.rollouts.spec import read_spec
from skerry_server.rollouts.states import DEVICE_STATES
from skerry_server.ui.asking import ask
from skerry_server.ui.frame import Page
from skerry_server.ui.templating import render
from skerry_server.ui.views.rollouts import (
    acts_of,
    device_line,
    events,
    failure_line,
    moments,
    rollout_line,
    shares,
    stage_lines,
    terms,
)

SHOWN_DEVICES = 200
SHOWN_EVENTS = 50

_ACTS: Mapping[str, Callable[[Session, Author, int], RolloutRow]] = {
    "approve": changes.approve,
    "start": changes.start,
    "pause": changes.pause,
    "resume": changes.resume,
    "abort": changes.abort,
    "roll-back": changes.roll_back,
}


class RolloutPage(Page):
    """One rollout; ``?state=`` lists the devices in a state, ``?device=`` tells one device's story."""

    title = "Rollout"
    here = "/rollouts"
    refresh_s = 2.0

    def __init__(self, context: Context, visitor: Visitor, number: int, query: Mapping[str, str]) -> None:
        super().__init__(context, visitor)
        self._number = number
        self._state = query.get("state", "")
        self._device = query.get("device", "")

    @property
    def heading(self) -> str:
        """The rollout's number."""
        return f"Rollout {self._number}"

    def read(self) -> Mapping[str, str]:
        """Return head, progress, failures and devices as regions."""
        if self._state:
            check_choice(self._state, DEVICE_STATES, where="state")
        if self._device:
            check_name(self._device, where="device")
        with self.context.database.reading() as session:
            row = reading.find_rollout(session, self._number)
            counts = reading.tallies(session, [row.id])[row.id]
            regions = {"head": self._head(row, counts)}
            aims = {"terms": render("rollout_terms.html", terms=terms(row.spec))}
            if row.started_ms is None:
                return {**regions, **aims, "plan": self._plan(session, row)}
            if self._device:
                regions["story"] = self._story(session)
            regions["progress"] = self._progress(session, row, counts)
            return {**regions, "devices": self._devices(session), "events": self._events(session, row), **aims}

    async def act(self, act: str, of: str, picked: list[str]) -> None:
        """Do something with the rollout."""
        del of, picked
        row, counts = self._look()
        wanted = next((one for one in acts_of(row, counts, self.visitor.name) if one.name == act), None)
        if wanted is None or not self.may_operate:
            return
        title = f"{wanted.title}: {row.name} {row.version}"
        if await ask(title, wanted.text, confirm=wanted.title, is_grave=wanted.is_grave) is None:
            return

        def change(session: Session, author: Author) -> str:
            if act == "retry":
                return f"{changes.retry(session, author, row.id)} devices wait for another order"
            return f"rollout {row.id} is {_ACTS[act](session, author, row.id).state}"

        await self.changes.make(change, need=OPERATOR_EVERYWHERE)

    def _look(self) -> tuple[RolloutRow, reading.Tally]:
        with self.context.database.reading() as session:
            row = reading.find_rollout(session, self._number)
            return row, reading.tallies(session, [row.id])[row.id]

    def _head(self, row: RolloutRow, counts: reading.Tally) -> str:
        return render(
            "rollout_head.html",
            row=rollout_line(row, counts),
            counter=row.counter,
            approval=row.approved_by,
            acts=acts_of(row, counts, self.visitor.name) if self.may_operate else [],
        )

    def _plan(self, session: Session, row: RolloutRow) -> str:
        spec = read_spec(row.spec)
        fleet = read_candidates(session, spec)
        planned = plan(spec, fleet)
        left_out = [one for one in planned if one.why_not is not None]
        return render(
            "rollout_plan.html",
            stages=_stage_sizes(planned),
            gets=[one for one in planned if one.stage is not None][:SHOWN_DEVICES],
            left_out=[(one, WHY_NOT[one.why_not or ""]) for one in left_out[:SHOWN_DEVICES]],
            number_left_out=len(left_out),
            fits_nobody=fits_nobody(spec, fleet)[:SHOWN_DEVICES],
        )

    def _progress(self, session: Session, row: RolloutRow, counts: reading.Tally) -> str:
        return render(
            "rollout_progress.html",
            stages=stage_lines(row, reading.stage_tallies(session, row.id)),
            shares=shares(row.id, counts),
            failures=[failure_line(one) for one in reading.failure_groups(session, row.id)],
        )

    def _events(self, session: Session, row: RolloutRow) -> str:
        rows = list_audit(session, limit=SHOWN_EVENTS, subject=changes.subject_of(row))
        return render("rollout_events.html", rows=events(rows))

    def _story(self, session: Session) -> str:
        row = reading.device_story(session, self._number, self._device)
        return render("rollout_story.html", device=self._device, chosen=self._number, moments=moments(row.history))

    def _devices(self, session: Session) -> str:
        wanted = reading.DeviceSearch(state=self._state or None, limit=SHOWN_DEVICES + 1)
        rows = reading.find_devices(session, self._number, wanted)
        return render(
            "rollout_devices.html",
            rollout=self._number,
            rows=[device_line(one) for one in rows[:SHOWN_DEVICES]],
            state=self._state,
            has_more=len(rows) > SHOWN_DEVICES,
        )


def _stage_sizes(planned: list[Planned]) -> list[int]:
    sizes: dict[int, int] = {}
    for one in planned:
        if one.stage is not None:
            sizes[one.stage] = sizes.get(one.stage, 0) + 1
    return [sizes[number] for number in sorted(sizes)]

"""The job that brings rollouts forward: one look after another, each rollout's in a transaction of its own.

It decides purely and writes only where this process has the lease in that very transaction: one that was held up and
has lost the job meanwhile changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from skerry_edge.foundation.errors import SkerryError
from skerry_server.health import Health
from skerry_server.registry.database import Database
from skerry_server.registry.leases import is_held
from skerry_server.registry.models import Device, RolloutDeviceRow, RolloutRow
from skerry_server.rollouts.changes import get_rollout
from skerry_server.rollouts.comparing import read_comparison
from skerry_server.rollouts.execution import Execution
from skerry_server.rollouts.hearing import DEAF, NOTE_EVERY_MS
from skerry_server.rollouts.planner import Action, Compare, decide
from skerry_server.rollouts.post import LEASE
from skerry_server.rollouts.progress import Comparison, Member, Progress
from skerry_server.rollouts.reading import find_rollout
from skerry_server.rollouts.soundness import look_after
from skerry_server.rollouts.spec import Spec, read_spec
from skerry_server.rollouts.states import OPEN, UNDER_WAY
from skerry_server.stores.archive import Archive

T = TypeVar("T")
LOG = logging.getLogger(__name__)
LOOK_EVERY_S = 2.0
MAX_TURNS = 20
"""Turns that one rollout has in one look; the rest of its work waits for the next, so that others have theirs."""


class RolloutJob:
    """Looks at all rollouts every LOOK_EVERY_S; `run` is the work of a LeasedJob whose holder is ``holder``.

    ``hears`` tells whether what devices answer is taken in; while it is not, nobody is late and no stage goes on.
    """

    def __init__(
        self,
        *,
        database: Database,
        store: Archive,
        health: Health,
        holder: str,
        hears: Callable[[Session], bool],
        now_ms: Callable[[], int],
    ) -> None:
        self._database = database
        self._store = store
        self._health = health
        self._holder = holder
        self._hears = hears
        self._now_ms = now_ms

    async def run(self) -> None:
        """Look until cancelled; however large the fleet, at most half of the time goes into this."""
        while True:
            began_s = time.monotonic()
            await asyncio.to_thread(self.look)
            took_s = time.monotonic() - began_s
            await asyncio.sleep(max(LOOK_EVERY_S - took_s, took_s))

    def look(self) -> None:
        """Look once. What fails is told in the server's health and tried again with the next look."""
        troubles: list[str] = []
        active, hears = self._attempt(self._survey, troubles) or ([], True)
        if not hears:
            troubles.append(DEAF)
        for rollout in active:
            # One that cannot go on, as its telemetry is away, keeps no other one from doing so.
            self._attempt(lambda: self._bring_forward(rollout, hears=hears), troubles)  # noqa: B023  # called at once
        self._health.remark(LEASE, "; ".join(troubles) or None)

    def _survey(self) -> tuple[list[int], bool]:
        """Return the rollouts that may need something, and whether what their devices answer is heard."""
        with self._database.reading() as session:
            active = active_rollouts(session)
            return active, not active or self._hears(session)

    def _attempt(self, work: Callable[[], T], troubles: list[str]) -> T | None:
        try:
            return work()
        except SkerryError as error:
            troubles.append(str(error))
            return None

    def _bring_forward(self, rollout: int, *, hears: bool) -> None:
        """Do for one rollout what follows from how it stands. Raises SkerryError."""
        comparison: Comparison | None = None
        for _ in range(MAX_TURNS):
            asked = self._turn(rollout, comparison, hears=hears)
            if asked is None:
                return
            comparison = self._compare(asked) if isinstance(asked, RolloutRow) else None

    def _turn(self, rollout: int, comparison: Comparison | None, *, hears: bool) -> RolloutRow | bool | None:
        """Have one turn: None where nothing is left to do, the rollout where telemetry is wanted, else True."""
        now_ms = self._now_ms()
        if not self._is_called_for(rollout, comparison, now_ms, hears=hears):
            return None
        with self._database.transaction() as session:
            if not is_held(session, LEASE, self._holder):
                return None
            row = get_rollout(session, rollout)
            spec = read_spec(row.spec)
            execution = Execution(session, row, spec, now_ms=now_ms)
            if hears:
                execution.note_hearing()
                if spec.gates.crash_free_hours:
                    look_after(session, row, now_ms=now_ms)
            progress = progress_of(row, spec, hears=hears)
            actions = decide(progress, read_members(session, rollout), now_ms=now_ms, comparison=comparison)
            execution.carry_out(actions)
        self._tell(row, actions)
        if any(isinstance(action, Compare) for action in actions):
            return row
        return True if actions else None

    def _is_called_for(self, rollout: int, comparison: Comparison | None, now_ms: int, *, hears: bool) -> bool:
        """Tell without a lock whether there may be something to do: mostly there is not, and ingest is not to wait."""
        with self._database.reading() as session:
            row = find_rollout(session, rollout)
            spec = read_spec(row.spec)
            if hears and spec.gates.crash_free_hours:
                return True
            members = read_members(session, rollout)
        is_watched = row.state in OPEN or any(one.state in UNDER_WAY for one in members)
        if hears and is_watched and _is_to_be_noted(row, now_ms):
            return True
        return bool(decide(progress_of(row, spec, hears=hears), members, now_ms=now_ms, comparison=comparison))

    def _compare(self, row: RolloutRow) -> Comparison:
        with self._database.reading() as session:
            before = version_before(session, row.id)
        return read_comparison(
            self._store,
            self._database,
            name=row.name,
            versions=(row.version, before),
            started_ms=row.started_ms or row.created_ms,
            now_ms=self._now_ms(),
        )

    def _tell(self, row: RolloutRow, actions: Sequence[Action]) -> None:
        if actions:
            done = ", ".join(sorted({type(action).__name__ for action in actions}))
            LOG.info("rollout %d of %s/%s %s is %s: %s", row.id, row.kind, row.name, row.version, row.state, done)


def active_rollouts(session: Session) -> list[int]:
    """Return the rollouts that may need something: open ones, and those that ended while devices were under way."""
    late = exists().where(RolloutDeviceRow.rollout == RolloutRow.id, RolloutDeviceRow.state.in_(UNDER_WAY))
    too_late = exists().where(
        RolloutDeviceRow.rollout == RolloutRow.id,
        RolloutRow.state == "rolled-back",
        RolloutDeviceRow.state == "committed",
    )
    waits = exists().where(
        RolloutDeviceRow.rollout == RolloutRow.id, RolloutRow.state == "aborted", RolloutDeviceRow.state == "waiting"
    )
    query = select(RolloutRow.id).where(or_(RolloutRow.state.in_(OPEN), late, too_late, waits))
    return list(session.scalars(query.order_by(RolloutRow.id)))


def _is_to_be_noted(row: RolloutRow, now_ms: int) -> bool:
    return row.heard_ms is None or abs(now_ms - row.heard_ms) >= NOTE_EVERY_MS


def progress_of(row: RolloutRow, spec: Spec, *, hears: bool) -> Progress:
    """Return a rollout's row as the planner sees it."""
    return Progress(
        spec=spec,
        state=row.state,  # type: ignore[arg-type]  # only words of states.py are written there
        stage=row.stage,
        stages=row.stages,
        excused_ms=row.excused_ms,
        excused_stage=row.excused_stage,
        heard_since_ms=row.heard_since_ms,
        hears=hears,
        unwatched_ms=row.unwatched_ms or 0,
    )


def read_members(session: Session, rollout: int) -> list[Member]:
    """Return the devices of a rollout as the planner sees them, past the ORM: there are ten thousand of them."""
    query = (
        select(
            RolloutDeviceRow.device,
            RolloutDeviceRow.stage,
            RolloutDeviceRow.state,
            RolloutDeviceRow.has_begun,
            RolloutDeviceRow.deadline_ms,
            RolloutDeviceRow.ended_ms,
            RolloutDeviceRow.from_version,
            RolloutDeviceRow.unsound_ms,
            Device.decommissioned_ms,
        )
        .join(Device, Device.id == RolloutDeviceRow.device)
        .where(RolloutDeviceRow.rollout == rollout)
        .order_by(RolloutDeviceRow.device)
    )
    return [
        Member(
            device=row[0],
            stage=row[1],
            state=row[2],  # type: ignore[arg-type]  # only words of states.py are written there
            has_begun=row[3],
            deadline_ms=row[4],
            ended_ms=row[5],
            from_version=row[6],
            unsound_ms=row[7],
            is_gone=row[8] is not None,
        )
        for row in session.execute(query)
    ]


def version_before(session: Session, rollout: int) -> str | None:
    """Return the version that most of a rollout's devices ran before; None where none ran any."""
    query = select(RolloutDeviceRow.from_version).where(
        RolloutDeviceRow.rollout == rollout, RolloutDeviceRow.from_version.is_not(None)
    )
    counted = Counter(session.scalars(query))
    return max(counted, key=lambda version: (counted[version], version or ""), default=None)

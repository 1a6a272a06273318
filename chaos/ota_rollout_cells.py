"""The rollout table: the server killed around each write or long away, answers that come twice, late or out of order.

A cell runs a whole rollout over a registry of its own, of a good release or of a bad one. The good one must reach every
device by one order each; of the bad one, nobody but the canaries may hear.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from chaos.ota_cells import Cell, LostError
from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.contracts.topics import parse_topic
from skerry_edge.contracts.updates import UpdateOutcome, UpdateReport, UpdateState
from skerry_server.health import Health
from skerry_server.ingest.validate import Accepted, Delivery
from skerry_server.registry.audit.chain import verify
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.database import Database
from skerry_server.registry.leases import acquire, release
from skerry_server.registry.models import Device, PresenceRow, RolloutDeviceRow, RolloutRow, table_of
from skerry_server.registry.orders.desired import newest_of
from skerry_server.rollouts import changes
from skerry_server.rollouts.answers import save_answers
from skerry_server.rollouts.job import RolloutJob
from skerry_server.rollouts.post import LEASE
from skerry_server.rollouts.spec import read_spec
from skerry_server.stores.sqlite import SqliteStore

TABLE = "rollout"
DEVICES, CANARIES = 6, 2
WRITES = {"good release": 4, "bad release": 2}
"""So often the job writes: it orders a stage, enters the next one, and notes how it ended."""
SUBJECT = "model/discs"
SESSION = "00000001-abcdef01"
MAX_LOOKS = 60
STEP_MS = 60_000
JUMPS = {
    "server away past every deadline": 7_200_000,
    "server's clock set ahead": 18_000_000,
    "server's clock set back": -18_000_000,
}
"""By so much (ms) the clock moves on between two looks; a device has far less time."""
ORDERS = {"good release": 2, "bad release": 1}
"""So many stages are ordered the release."""
TERM_MS = 10**9

Arrange = Callable[[list[Accepted]], list[list[Accepted]]]
"""Makes of the answers of one moment the batches in which they arrive."""
ARRIVALS: dict[str, Arrange] = {
    "answers in order": lambda answers: [answers],
    "every answer twice": lambda answers: [[*answers, *answers], answers],
    "answers backwards": lambda answers: [answers[::-1]],
    "progress lost": lambda answers: [[one for one in answers if _is_final(one)]],
    "one answer a batch": lambda answers: [[one] for one in answers],
}


class StruckError(Exception):
    """The server was killed."""


class StruckDatabase(Database):
    """A registry whose process is killed around its n-th write: before the commit, or right after it."""

    left: int | None = None
    is_before = True

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Session]:
        """Give a session, unless this is the last one of the process."""
        if self.left is None:
            with super().transaction() as session:
                yield session
            return
        self.left -= 1
        is_last = self.left < 0
        with super().transaction() as session:
            yield session
            if is_last and self.is_before:
                raise StruckError
        if is_last:
            raise StruckError


def cells() -> Iterator[Cell]:
    """Yield every blow against a good and a bad release."""
    for column in WRITES:
        for arrival, arrange in ARRIVALS.items():
            run = partial(rolled_out, arrange=arrange, is_bad=column == "bad release")
            yield Cell(table=TABLE, row=arrival, column=column, run=run)
    arrange = ARRIVALS["every answer twice"]
    for column, writes in WRITES.items():
        for number, is_before in itertools.product(range(writes), (True, False)):
            row = f"server killed {'before' if is_before else 'after'} it commits"
            is_bad = column == "bad release"
            run = partial(rolled_out, arrange=arrange, is_bad=is_bad, left=number, is_before=is_before)
            yield Cell(table=TABLE, row=row, column=f"write {number + 1}, {column}", run=run)
    for (row, jump_ms), (column, orders) in itertools.product(JUMPS.items(), ORDERS.items()):
        for stage in range(orders):
            run = partial(rolled_out, arrange=arrange, is_bad=column == "bad release", jump=(stage, jump_ms))
            yield Cell(table=TABLE, row=row, column=f"stage {stage + 1}, {column}", run=run)


def rolled_out(
    folder: Path,
    *,
    arrange: Arrange,
    is_bad: bool,
    left: int | None = None,
    is_before: bool = True,
    jump: tuple[int, int] | None = None,
) -> str:
    """Return how a rollout ended.

    ``left`` writes of its job go well before the process is killed. ``jump`` is (stage, ms): once the stage is ordered
    the clock moves by so much, and a new process looks before it has read what waited at the broker.
    """
    scene = Scene(folder, arrange, is_bad=is_bad)
    try:
        scene.database.left, scene.database.is_before = left, is_before
        return scene.play(jump=jump)
    finally:
        scene.close()


class Scene:
    """A fleet, a rollout of two stages, and a server that is started again when it was killed."""

    def __init__(self, folder: Path, arrange: Arrange, *, is_bad: bool) -> None:
        self.database = StruckDatabase(f"sqlite:///{folder / 'registry.sqlite'}")
        self._store = SqliteStore(folder / "telemetry.sqlite")
        self._arrange, self._outcome = arrange, "rolled-back" if is_bad else "committed"
        self._is_bad = is_bad
        self._now_ms, self._seq, self._holders = 10**12, itertools.count(1), itertools.count(1)
        self._answered: set[str] = set()
        self._names = [f"cam-{number}" for number in range(DEVICES)]
        self._fill()
        self._number = self._begin()
        self._job = self._start_server()

    def close(self) -> None:
        """Let go of the files."""
        self._store.close()
        self.database.close()

    def play(self, *, jump: tuple[int, int] | None) -> str:
        """Let time pass until the rollout rests. Raises LostError where it never does, or rests as it must not."""
        for number in range(MAX_LOOKS):
            self._now_ms += STEP_MS
            try:
                self._job.look()
            except StruckError:
                self.database.left = None
                self._job = self._start_server()
            if jump is not None and number == jump[0]:
                self._now_ms += jump[1]
                self._job = self._start_server()
                self._job.look()
            self._answer()
            with self.database.reading() as session:
                row = session.get_one(RolloutRow, self._number)
            if row.state not in ("running", "rolling-back"):
                return self._judge(row)
        raise LostError(f"the rollout is {row.state} for ever")

    def _judge(self, row: RolloutRow) -> str:
        with self.database.reading() as session:
            query = select(RolloutDeviceRow).where(RolloutDeviceRow.rollout == self._number)
            devices = list(session.scalars(query))
            broken = verify(session).faults
        touched = [one for one in devices if one.attempts]
        wanted = ("paused", CANARIES) if self._is_bad else ("done", DEVICES)
        if (row.state, len(touched)) != wanted:
            raise LostError(f"{row.state} with {len(touched)} devices touched, not {wanted}")
        if any(one.attempts != 1 or one.state != self._outcome for one in touched):
            raise LostError(f"a device ended as it did not: {[(one.state, one.attempts) for one in touched]}")
        if self.database.left is not None:
            raise LostError(f"nobody was killed: {self.database.left + 1} writes too few")
        if broken:
            raise LostError(f"the audit is broken: {broken[0]}")
        return row.state

    def _answer(self) -> None:
        """Let every device with a new order answer it, from its first step to its end."""
        with self.database.reading() as session:
            held = newest_of(session, self._names)
        orders = {device: row.updates.get(SUBJECT) for device, row in held.items()}
        answers: list[Accepted] = []
        for device, given in orders.items():
            if given is not None and given["id"] not in self._answered:
                self._answered.add(given["id"])
                answers += self._answers(device, UpdateOrder(**given))
        for batch in self._arrange(answers):
            with Database.transaction(self.database) as session:
                save_answers(session, batch)

    def _answers(self, device: str, order: UpdateOrder) -> Iterator[Accepted]:
        final: UpdateOutcome = "rolled-back" if self._is_bad else "committed"
        steps: tuple[tuple[UpdateState, UpdateOutcome], ...] = (
            ("check", "under-way"),
            ("download", "under-way"),
            ("probation", "under-way"),
            ("report", final),
        )
        for state, outcome in steps:
            report = UpdateReport(
                v=1,
                id="r",
                session=SESSION,
                seq=next(self._seq),
                ts=1,
                clock="synced",
                order=order.id,
                kind="model",
                name="discs",
                from_version="1.0.0",
                to_version=order.version,
                state=state,
                outcome=outcome,
            )
            topic = parse_topic(f"skerry/v1/home/{device}/update")
            delivery = Delivery(topic=str(topic), payload=b"", is_retained=False, received_ms=self._now_ms)
            yield Accepted(delivery=delivery, topic=topic, message=report)

    def _start_server(self) -> RolloutJob:
        """Return the job of a new process, which has taken the lease over."""
        number = next(self._holders)
        holder = f"server-{number}"
        with Database.transaction(self.database) as session:
            # A term ends by itself on the database's clock, for which a cell does not wait.
            release(session, LEASE, f"server-{number - 1}")
            acquire(session, LEASE, holder, term_ms=TERM_MS)
        return RolloutJob(
            database=self.database,
            store=self._store,
            health=Health([]),
            holder=holder,
            hears=lambda _session: True,
            now_ms=lambda: self._now_ms,
        )

    def _begin(self) -> int:
        spec = read_spec(
            {
                "kind": "model",
                "name": "discs",
                "version": "2.0.0",
                "counter": 2,
                "canary": str(CANARIES),
                "steps": ["100%"],
                "gates": {"soak_s": 0},
                "probation_s": 5,
                "deadline_s": 600,
            }
        )
        author = Author(name="ann", ts_ms=self._now_ms)
        with Database.transaction(self.database) as session:
            row = changes.create(session, author, spec)
            changes.start(session, author, row.id)
        return row.id

    def _fill(self) -> None:
        presence = {"state": "online", "since_ms": 1, "session": SESSION, "seq": 1, "ts_ms": 1, "is_synced": True}
        device = {"site": "home", "first_received_ms": 1, "board": "pi", "models": ["discs 1.0.0"]}
        with Database.transaction(self.database) as session:
            session.execute(insert(table_of(Device)), [{"id": name, **device} for name in self._names])
            session.execute(insert(table_of(PresenceRow)), [{"device": name, **presence} for name in self._names])


def _is_final(one: Accepted) -> bool:
    return isinstance(one.message, UpdateReport) and one.message.outcome != "under-way"

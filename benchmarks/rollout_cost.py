"""Ten thousand simulated devices and a bad release: how many it touches before it is stopped.

Planner, job, rows and what devices answer are the real ones, over SQLite; only the clock is moved by hand.
`python -m benchmarks.rollout_cost [DEVICES]` prints the figures.
"""

from __future__ import annotations

import itertools
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from benchmarks.report import BENCH, Figure, at_most
from sqlalchemy import insert, select

from skerry_edge.contracts.codec import encode
from skerry_edge.contracts.messages import Desired, UpdateOrder
from skerry_edge.contracts.updates import UpdateOutcome, UpdateReport
from skerry_server.downlink.messages import desired_message
from skerry_server.health import Health
from skerry_server.ingest.validate import Accepted, Delivery, examine
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.database import Database
from skerry_server.registry.leases import acquire
from skerry_server.registry.models import Device, PresenceRow, RolloutDeviceRow, RolloutRow, table_of
from skerry_server.registry.orders.desired import mark_published, unpublished
from skerry_server.rollouts import changes
from skerry_server.rollouts.answers import save_answers
from skerry_server.rollouts.job import RolloutJob
from skerry_server.rollouts.post import LEASE
from skerry_server.rollouts.spec import Spec, read_spec
from skerry_server.stores.sqlite import SqliteStore

DEVICES = 10_000
SESSION = "00000001-abcdef01"
MODEL, SUBJECT = "road-signs", "model/road-signs"
HOLDER = "benchmark"
HOUR_MS = 3_600_000
STEP_MS = 30_000
AWAY = 0.02
"""How many devices never answer."""

Behaviour = Callable[[str, int], UpdateOutcome]
"""How a device's order ends, by its name and stage."""


class Fleet:
    """Devices that run version 1.0.0 and answer their orders within two minutes, as ``behaviour`` has it."""

    def __init__(self, folder: Path, devices: int, behaviour: Behaviour) -> None:
        self.database = Database(f"sqlite:///{folder / 'registry.sqlite'}")
        self.store = SqliteStore(folder / "telemetry.sqlite")
        self.now_ms = time.time_ns() // 1_000_000
        self._behaviour = behaviour
        self._chance = random.Random(1)  # noqa: S311  # no secret
        self._seq = itertools.count(1)
        self._due: list[tuple[int, str, UpdateOrder]] = []
        self._away: set[str] = set()
        self._fill(devices)
        self.job = RolloutJob(
            database=self.database,
            store=self.store,
            health=Health([]),
            holder=HOLDER,
            hears=lambda _session: True,
            now_ms=lambda: self.now_ms,
        )

    def roll_out(self, spec: Spec) -> int:
        """Make and start a rollout; return its number."""
        author = Author(name="ann", ts_ms=self.now_ms)
        with self.database.transaction() as session:
            acquire(session, LEASE, HOLDER, term_ms=1000 * HOUR_MS)
            row = changes.create(session, author, spec)
            changes.start(session, author, row.id)
        return row.id

    def run(self, rollout: int) -> RolloutRow:
        """Move the clock until the rollout is at rest and nobody is under way; return it."""
        for _ in range(10_000):
            self.now_ms += STEP_MS
            self.job.look()
            self._hear()
            self._answer()
            with self.database.reading() as session:
                row = session.get_one(RolloutRow, rollout)
            if row.state not in ("running", "rolling-back") and not self._due:
                return row
        raise TimeoutError(f"rollout {rollout} is {row.state} and does not end")

    def close(self) -> None:
        """Let go of the databases."""
        self.store.close()
        self.database.close()

    def _hear(self) -> None:
        """Let devices read what is published for them."""
        with self.database.transaction() as session:
            rows = unpublished(session, limit=100_000)
            for row in rows:
                mark_published(session, row.device, row.version, now_ms=self.now_ms)
        for row in rows:
            desired = msgspec.json.decode(desired_message(row, site="s").payload, type=Desired)
            if SUBJECT in desired.updates and row.device not in self._away:
                due_ms = self.now_ms + round(self._chance.uniform(STEP_MS, 120_000))
                self._due.append((due_ms, row.device, desired.updates[SUBJECT]))

    def _answer(self) -> None:
        ready = [one for one in self._due if one[0] <= self.now_ms]
        self._due = [one for one in self._due if one[0] > self.now_ms]
        with self.database.transaction() as session:
            rows = session.execute(select(RolloutDeviceRow.device, RolloutDeviceRow.stage))
            stages = {row.device: row.stage for row in rows}
            accepted = [self._report(device, order, stages[device]) for _, device, order in ready]
            save_answers(session, [one for one in accepted if isinstance(one, Accepted)])

    def _report(self, device: str, order: UpdateOrder, stage: int) -> object:
        outcome = self._behaviour(device, stage) if order.version != "1.0.0" else "committed"
        report = UpdateReport(
            v=1,
            id="r",
            session=SESSION,
            seq=next(self._seq),
            ts=self.now_ms,
            clock="synced",
            order=order.id,
            kind="model",
            name=MODEL,
            from_version="1.0.0",
            to_version=order.version,
            state="report" if outcome == "committed" else "report-fail",
            outcome=outcome,
            reason=None if outcome == "committed" else "crashed",
        )
        topic = f"skerry/v1/s/{device}/update"
        return examine(Delivery(topic=topic, payload=encode(report), is_retained=False, received_ms=self.now_ms))

    def _fill(self, devices: int) -> None:
        names = [f"cam-{number:06d}" for number in range(devices)]
        self._away = {name for name in names if self._chance.random() < AWAY}
        presence = {"since_ms": 1, "session": SESSION, "seq": 1, "ts_ms": 1, "is_synced": True}
        with self.database.transaction() as session:
            session.execute(
                insert(table_of(Device)),
                [
                    {"id": name, "site": "s", "first_received_ms": 1, "board": "pi", "models": [f"{MODEL} 1.0.0"]}
                    for name in names
                ],
            )
            session.execute(
                insert(table_of(PresenceRow)),
                [
                    {"device": name, "state": "offline" if name in self._away else "online", **presence}
                    for name in names
                ],
            )


def touch_figures(devices: int = DEVICES) -> Iterator[Figure]:
    """Yield how many devices a bad release touches: one that fails everywhere, and one that spares the canary."""
    scenes: tuple[tuple[str, str, Behaviour, int], ...] = (
        ("bad_release_touched", "fails on every device", lambda _device, _stage: "rolled-back", 1),
        (
            "bad_release_spares_canary_touched",
            "fails on every device but the canaries",
            lambda _device, stage: "committed" if stage == 0 else "rolled-back",
            2,
        ),
    )
    spec = read_spec(
        {
            "kind": "model",
            "name": MODEL,
            "version": "3.0.0",
            "counter": 3,
            "canary": "1%",
            "steps": ["10%"],
            "gates": {"soak_s": 600, "success_percent": 95.0},
            "probation_s": 60,
            "deadline_s": 3600,
            "rolls_back": True,
        }
    )
    for name, what, behaviour, stages in scenes:
        with tempfile.TemporaryDirectory(dir=BENCH) as folder:
            fleet = Fleet(Path(folder), devices, behaviour)
            began_s = time.perf_counter()
            rollout = fleet.roll_out(spec)
            ended = fleet.run(rollout)
            took_s = time.perf_counter() - began_s
            touched, allowed, rest = count(fleet, rollout, stages)
            fleet.close()
        note = f"{what}; ended {ended.state}; canary{' and one step' if stages > 1 else ''} are {allowed}; "
        note += f"{rest} of {devices} never ordered anything; {took_s:.0f} s of this machine for the whole story"
        yield at_most(name, touched, allowed, "devices", note)


def count(fleet: Fleet, rollout: int, stages: int) -> tuple[int, int, int]:
    """Return how many devices were ordered anything, how many the first ``stages`` hold, and how many were spared."""
    with fleet.database.reading() as session:
        rows = session.execute(
            select(RolloutDeviceRow.stage, RolloutDeviceRow.attempts).where(RolloutDeviceRow.rollout == rollout)
        ).all()
    touched = sum(row.attempts > 0 for row in rows)
    return touched, sum(row.stage < stages for row in rows), len(rows) - touched


def main() -> None:
    """Print the figures."""
    BENCH.mkdir(parents=True, exist_ok=True)
    for one in touch_figures(int(sys.argv[1]) if len(sys.argv) > 1 else DEVICES):
        held = "holds" if one.holds else "DOES NOT HOLD"
        print(f"{one.name}: {one.value:g} {one.unit} ({one.goal}, {held}): {one.note}")


if __name__ == "__main__":
    main()

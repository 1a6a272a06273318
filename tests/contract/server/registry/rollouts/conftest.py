"""A fleet in either database that gets rollouts, the job that brings them forward, and devices that answer."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import msgspec
import pytest

from skerry_edge.contracts.codec import encode
from skerry_edge.contracts.messages import Desired
from skerry_edge.contracts.updates import UpdateReport
from skerry_server.downlink.messages import desired_message
from skerry_server.errors import StoreError
from skerry_server.health import Health
from skerry_server.ingest.validate import Delivery, examine
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.leases import acquire
from skerry_server.registry.models import Device, PresenceRow, RolloutDeviceRow
from skerry_server.registry.orders.desired import newest_of
from skerry_server.rollouts import changes
from skerry_server.rollouts.answers import save_answers
from skerry_server.rollouts.job import RolloutJob
from skerry_server.rollouts.post import LEASE
from skerry_server.rollouts.spec import read_spec
from skerry_server.stores.base import Point

SESSION = "00000001-abcdef01"
SUBJECT = "model/signs"
NO_POINTS = SimpleNamespace(windows=lambda _query: [])


class Stage:
    """A registry with ``count`` devices that run signs 1.0.0, and a clock that is moved by hand."""

    def __init__(self, database, count, *, store=NO_POINTS):
        self.database, self.now_ms, self.seq = database, 1_000_000, itertools.count(1)
        self.health = Health([])
        self.store, self.hears = store, True
        self.start_server("me")
        self.devices = [f"cam-{number:02d}" for number in range(count)]
        with database.transaction() as session:
            for name in self.devices:
                row = Device(id=name, site="home", first_received_ms=1, models=["signs 1.0.0"], board="pi")
                session.add(row)
            session.flush()
            for name in self.devices:
                session.add(
                    PresenceRow(
                        device=name, state="online", since_ms=1, session=SESSION, seq=0, ts_ms=1, is_synced=True
                    )
                )
        self.take_lease("me")

    def start_server(self, holder):
        """Let another process do the job, as after a restart."""
        self.job = RolloutJob(
            database=self.database,
            store=self.store,
            health=self.health,
            holder=holder,
            hears=lambda _session: self.hears,
            now_ms=lambda: self.now_ms,
        )

    def take_lease(self, holder):
        with self.database.transaction() as session:
            acquire(session, LEASE, holder, term_ms=3_600_000)

    def author(self, name="ann"):
        return Author(name=name, ts_ms=self.now_ms)

    def do(self, act, *arguments, by="ann"):
        """Do what people do: an act of `changes` by its name."""
        with self.database.transaction() as session:
            return getattr(changes, act)(session, self.author(by), *arguments)

    def roll_out(self, **wishes):
        """Make and start a rollout; return its number."""
        made = self.do("create", self.spec(**wishes))
        self.do("start", made.id)
        return made.id

    @staticmethod
    def spec(**wishes):
        values = {"kind": "model", "name": "signs", "version": "2.0.0", "counter": 2, "canary": "2", "steps": ["100%"]}
        values |= {"probation_s": 60, "deadline_s": 600, "gates": {"soak_s": 0}}
        return read_spec(values | wishes)

    def look(self, minutes=0):
        """Look after each of so many minutes, or once."""
        for _ in range(max(1, minutes)):
            self.now_ms += 60_000 if minutes else 0
            self.job.look()

    def be_away(self, minutes):
        """Let time pass without a server."""
        self.now_ms += minutes * 60_000

    def rows(self, rollout):
        with self.database.reading() as session:
            query = session.query(RolloutDeviceRow).filter_by(rollout=rollout)
            return {row.device: row for row in query}

    def states(self, rollout):
        return {device: row.state for device, row in self.rows(rollout).items()}

    def rollout(self, rollout):
        with self.database.transaction() as session:
            return changes.get_rollout(session, rollout)

    def orders(self):
        """Return the order that each device has in the message that it would get now."""
        with self.database.reading() as session:
            held = newest_of(session, self.devices)
        messages = {
            device: msgspec.json.decode(desired_message(row, site="home").payload, type=Desired)
            for device, row in held.items()
        }
        return {device: one.updates[SUBJECT] for device, one in messages.items() if SUBJECT in one.updates}

    def answer(self, device, order, outcome="committed", **more):
        """Let a device answer, over the wire."""
        values = {"state": "report", "from_version": "1.0.0", "to_version": "2.0.0"}
        values |= {"kind": "model", "name": "signs"} | more
        report = UpdateReport(
            v=1,
            id="r",
            session=SESSION,
            seq=next(self.seq),
            ts=1,
            clock="synced",
            order=order,
            outcome=outcome,
            **values,
        )
        topic = f"skerry/v1/home/{device}/update"
        taken = examine(Delivery(topic=topic, payload=encode(report), is_retained=False, received_ms=self.now_ms))
        with self.database.transaction() as session:
            save_answers(session, [taken])
        return report

    def run_everywhere(self, model):
        """Let every device say that it runs ``model``."""
        with self.database.transaction() as session:
            for device in self.devices:
                session.get(Device, device).models = [model]

    def beat(self, device, *, crashes):
        """Let the newest heartbeat of a device tell of so many crashes."""
        with self.database.transaction() as session:
            session.get(Device, device).heartbeat = msgspec.json.encode({"agent_crashes": crashes})

    def go_away(self, device):
        with self.database.transaction() as session:
            presence = session.get(PresenceRow, device)
            presence.state, presence.since_ms = "offline", self.now_ms

    def answer_all(self, outcome="committed", **more):
        for device, order in self.orders().items():
            self.answer(device, order.id, outcome, **more)


@pytest.fixture
def make_stage(database):
    """Return a function that makes a fleet."""
    return lambda count=8, **more: Stage(database, count, **more)


@pytest.fixture
def stage(make_stage):
    """A fleet of eight devices."""
    return make_stage()


@pytest.fixture
def points_of():
    """Return a function that makes a store which tells the 95th percentile (ms) of each version of signs."""

    def make(latencies):
        points = [
            Point(
                measurement="inference",
                tags={"site": "home", "device": "cam-00", "pipeline": "camera", "model": f"signs@{version}"},
                fields={"inference_p95_ms": value},
                time_ns=1,
            )
            for version, value in latencies.items()
        ]
        return SimpleNamespace(windows=lambda _query: points)

    return make


@pytest.fixture
def store_that_fails():
    """A store that does not answer."""

    def fail(_query):
        raise StoreError("there is no store")

    return SimpleNamespace(windows=fail)

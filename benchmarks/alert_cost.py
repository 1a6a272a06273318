"""What one look at a large fleet costs, with all default rules: `python -m benchmarks.alert_cost [DEVICES]`.

The fleet is that of the simulator, with heartbeats as devices send them, in SQLite; on top come a slice of the past
for each device, and an outage in which all of them go offline at once.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from sqlalchemy import insert, update

from skerry_server.alerts.history import BUDGET_S, History
from skerry_server.alerts.judgement import Moment
from skerry_server.alerts.lookout import Lookout
from skerry_server.alerts.post import LEASE
from skerry_server.config.alerts import Alerts
from skerry_server.health import Health
from skerry_server.registry.database import Database
from skerry_server.registry.leases import acquire
from skerry_server.registry.models import Device, PresenceRow, table_of
from skerry_server.simulate.life import Envelope
from skerry_server.simulate.machine import Condition, Machine
from skerry_server.simulate.networks import CAMERA, Network
from skerry_server.stores.base import Point
from skerry_server.stores.sqlite import SqliteStore

DEVICES = 10_000
REPEATS = 5
HOUR_MS = 3_600_000
HOLDER = "benchmark"
SESSION = "00000001-abcdef01"


def measure(folder: Path, devices: int) -> Iterator[tuple[str, float]]:
    """Yield what was looked at and the seconds that it took."""
    now_ms = time.time_ns() // 1_000_000
    database, store = Database(f"sqlite:///{folder / 'registry.sqlite'}"), SqliteStore(folder / "telemetry.sqlite")
    fill(database, store, devices, now_ms=now_ms)
    with database.transaction() as session:
        acquire(session, LEASE, HOLDER, term_ms=HOUR_MS)
    lookout = Lookout(
        alerts=Alerts(),
        channels=[],
        database=database,
        history=History(store, database),
        health=Health([]),
        holder=HOLDER,
        now_ms=lambda: now_ms,
    )

    def look(after_s: float) -> float:
        began_s = time.perf_counter()
        lookout.look(Moment(mono_s=1000.0 + after_s, wall_ms=now_ms + round(1000 * after_s)))
        return time.perf_counter() - began_s

    yield "the first look, which learns for a bounded time", look(0)
    while look(0) > BUDGET_S:
        pass
    yield "a look at a fleet that is well", statistics.median(look(15.0 + number) for number in range(REPEATS))
    with database.transaction() as session:
        session.execute(update(table_of(PresenceRow)).values(state="offline", since_ms=now_ms))
    yield "the look at which all devices fire at once", look(90)
    yield "a look while all of them last", statistics.median(look(91.0 + number) for number in range(REPEATS))


def fill(database: Database, store: SqliteStore, devices: int, *, now_ms: int) -> None:
    """Write a fleet with its newest heartbeats, and a slice of its past."""
    chance = random.Random(1)  # noqa: S311  # no secret
    condition = Condition(uptime_s=90_000.0, crashes=0, outbox_depth=0, is_degraded=False, is_muted=False)
    envelope: Envelope = {"v": 1, "id": "m1", "session": SESSION, "seq": 1, "clock": "synced", "ts": now_ms}
    network = Network(name="road-signs", version="1.0.0", cost=1.0, score=0.8, drops=0.01)
    names = [f"cam-{number:06d}" for number in range(devices)]
    rows: list[dict[str, object]] = []
    points = []
    for name in names:
        machine = Machine(random.Random(chance.random()))  # noqa: S311  # as above
        heartbeat = machine.beat(envelope, {CAMERA: network}, condition, 30.0)
        rows.append(
            {
                "id": name,
                "site": f"site-{len(rows) % 40}",
                "first_received_ms": 1,
                "last_received_ms": now_ms,
                "board": heartbeat.board,
                "models": ["road-signs 1.0.0"],
                "heartbeat": msgspec.json.encode(heartbeat),
            }
        )
        points.append(
            Point(
                measurement="inference",
                tags={"site": "s", "device": name, "pipeline": CAMERA, "model": "road-signs@1.0.0"},
                fields={"inference_p95_ms": machine.inference_ms},
                time_ns=(now_ms // HOUR_MS - 2) * HOUR_MS * 1_000_000,
            )
        )
    presence = [
        {
            "device": name,
            "state": "online",
            "since_ms": now_ms,
            "session": SESSION,
            "seq": 1,
            "ts_ms": now_ms,
            "is_synced": True,
        }
        for name in names
    ]
    with database.transaction() as session:
        session.execute(insert(table_of(Device)), rows)
        session.execute(insert(table_of(PresenceRow)), presence)
    store.probe()
    store.write(points)


def main() -> None:
    """Print a line for each look."""
    devices = int(sys.argv[1]) if len(sys.argv) > 1 else DEVICES
    with tempfile.TemporaryDirectory() as folder:
        for what, seconds in measure(Path(folder), devices):
            share = 100 * seconds / Alerts().interval_s
            print(f"{devices} devices: {what}: {seconds:.2f} s ({share:.1f} % of the interval)")


if __name__ == "__main__":
    main()

"""How long the list of devices takes to read from a large fleet in PostgreSQL: `python -m benchmarks.device_list`."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.postgresql import PostgreSql, programs
from benchmarks.report import Figure, at_most, not_measured
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from skerry_server.registry.database import Database
from skerry_server.registry.fleet.listing import DeviceSearch, count_found, find_devices
from skerry_server.registry.models import (
    Base,
    Device,
    DeviceTagRow,
    GroupMemberRow,
    GroupRow,
    PresenceRow,
    table_of,
)

DEVICES = 100_000
REPEATS = 15
GOAL_MS = 200
CHUNK = 5_000
SITES = 40
VERSIONS = ("1.0.0", "1.1.0", "1.2.0")
BOARDS = ("raspberry-pi-5", "raspberry-pi-4", "jetson-orin-nano", "coral-dev-board")
STATES = ("online", "online", "online", "online", "online", "online", "online", "degraded", "offline")
HEARTBEAT = b'{"v":1,"board":"raspberry-pi-5","pipelines":[' + b'{"name":"camera","model":"road-signs"},' * 24 + b"{}]}"
"""As large as that of a device with a pipeline."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """Milliseconds that one question took, over all repetitions."""

    what: str
    median_ms: float
    highest_ms: float


def measure_device_list(database: Database, *, devices: int = DEVICES, repeats: int = REPEATS) -> list[Timing]:
    """Fill an empty registry with ``devices`` and time each kind of page. Raises RegistryError."""
    fill(database, devices)
    return [_timed(database, what, ask, repeats) for what, ask in _questions(devices)]


def fill(database: Database, devices: int) -> None:
    """Write a fleet as a server does: each device has had a heartbeat since it was bound. Raises RegistryError."""
    with database.transaction() as session:
        session.add(GroupRow(name="canaries", created_ms=1))
    for first in range(0, devices, CHUNK):
        numbers = range(first, min(first + CHUNK, devices))
        with database.transaction() as session:
            for model, rows in _rows(numbers):
                session.execute(insert(table_of(model)), rows)
    with database.transaction() as session:
        # Rows that were written anew are what a table of a fleet that is alive looks like.
        session.execute(text("UPDATE devices SET last_received_ms = last_received_ms + 1"))
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))


def _rows(numbers: range) -> Iterator[tuple[type[Base], Sequence[Mapping[str, object]]]]:
    names = {number: f"cam-{number:06d}" for number in numbers}
    yield (
        Device,
        [
            {
                "id": name,
                "site": f"site-{number % SITES}",
                "name": f"Gate {number} of hall {number % 97}",
                "first_received_ms": 1,
                "last_received_ms": number,
                "board": BOARDS[number % len(BOARDS)],
                "agent_version": VERSIONS[number % len(VERSIONS)],
                "models": [f"road-signs {number % 3}.0.0"],
                "temperature_c": 50.0,
                "heartbeat": HEARTBEAT,
            }
            for number, name in names.items()
        ],
    )
    yield (
        PresenceRow,
        [
            {
                "device": name,
                "state": STATES[number % len(STATES)],
                "since_ms": 1,
                "session": "00000001-abcdef01",
                "seq": 1,
                "ts_ms": 1,
                "is_synced": True,
            }
            for number, name in names.items()
        ],
    )
    yield DeviceTagRow, [{"device": one, "key": "floor", "value": str(number % 12)} for number, one in names.items()]
    members = [{"group": "canaries", "device": one} for number, one in names.items() if number % 50 == 0]
    yield GroupMemberRow, members


def _questions(devices: int) -> list[tuple[str, Callable[[Session], object]]]:
    middle = f"cam-{devices * 9 // 10:06d}"
    searches = {
        "first page": DeviceSearch(),
        "page at nine tenths": DeviceSearch(after_id=middle),
        "offline": DeviceSearch(state="offline"),
        "one site": DeviceSearch(site="site-7"),
        "one group": DeviceSearch(group="canaries"),
        "one tag": DeviceSearch(tags={"floor": "7"}),
        "board, version and state": DeviceSearch(board=BOARDS[2], agent_version=VERSIONS[1], state="degraded"),
        "text of a few": DeviceSearch(text="Gate 77777"),
        "text of none": DeviceSearch(text="no such device"),
        "a site that is not": DeviceSearch(site="nowhere"),
    }
    pages = [(what, _page(wanted)) for what, wanted in searches.items()]
    counts = [(f"number: {what}", _number(searches[what])) for what in ("first page", "offline", "text of a few")]
    return [*pages, *counts]


def _page(wanted: DeviceSearch) -> Callable[[Session], object]:
    return lambda session: find_devices(session, wanted)


def _number(wanted: DeviceSearch) -> Callable[[Session], object]:
    return lambda session: count_found(session, wanted)


def _timed(database: Database, what: str, ask: Callable[[Session], object], repeats: int) -> Timing:
    taken_ms = []
    for _ in range(repeats):
        began_ns = time.perf_counter_ns()
        with database.reading() as session:
            ask(session)
        taken_ms.append((time.perf_counter_ns() - began_ns) / 1e6)
    return Timing(what=what, median_ms=statistics.median(taken_ms), highest_ms=max(taken_ms))


def device_list_figures() -> list[Figure]:
    """Return what the slowest kind of page takes."""
    try:
        timings = measure_in_postgresql()
    except FileNotFoundError as error:
        return [not_measured("device_list_ms", f"<= {GOAL_MS}", "ms", str(error))]
    slowest = max(timings, key=lambda one: one.median_ms)
    note = f"median of {REPEATS} of the slowest of {len(timings)} questions ({slowest.what}), {DEVICES:,} devices"
    return [at_most("device_list_ms", slowest.median_ms, GOAL_MS, "ms", note=note)]


def measure_in_postgresql() -> list[Timing]:
    """Measure in a PostgreSQL of this run's own. Raises FileNotFoundError where it is not installed."""
    found = programs()
    if found is None:
        raise FileNotFoundError("PostgreSQL is not installed: run `make deps` as root")
    with tempfile.TemporaryDirectory(prefix="skerry-pg-", ignore_cleanup_errors=True) as folder:
        server = PostgreSql(found, Path(folder))
        server.start()
        try:
            with server.database() as address:
                database = Database(address)
                try:
                    return measure_device_list(database)
                finally:
                    database.close()
        finally:
            server.stop()


def main() -> None:
    """Print what each kind of page takes, and the highest of their medians."""
    try:
        timings = measure_in_postgresql()
    except FileNotFoundError as error:
        sys.exit(str(error))
    for one in timings:
        print(f"{one.what:32} median {one.median_ms:8.2f} ms   highest {one.highest_ms:8.2f} ms")
    print(f"device_list_ms {max(one.median_ms for one in timings):.1f} of {DEVICES:,} devices")


if __name__ == "__main__":
    main()

"""Messages, a registry and stores that the server's unit tests share."""

from __future__ import annotations

import json

import pytest

from skerry_edge.contracts.messages import Heartbeat
from skerry_server.api.schemas import DeviceOut
from skerry_server.config.limits import Limits
from skerry_server.ingest.commit import Committer
from skerry_server.ingest.pauses import PatientStore
from skerry_server.ingest.validate import Delivery
from skerry_server.presence import SilenceRules
from skerry_server.registry.database import Database
from skerry_server.stores.sqlite import SqliteStore


@pytest.fixture(scope="session")
def make_device():
    """Return a function that makes a device as the API gives it."""

    def make(**changes):
        values = {
            "device": "cam-1",
            "site": "home",
            "online": True,
            "presence": "online",
            "reason": None,
            "since_ms": 0,
            "last_seen_ms": 10_000,
            "session": None,
            "board": None,
            "agent_version": None,
            "models": [],
            "temperature_c": None,
            "cpu_percent": None,
            "throttled": None,
            "undervoltage": None,
            "clock_synced": True,
            "uptime_s": None,
            "outbox_depth": None,
            "outbox_dropped": None,
        }
        return DeviceOut(**(values | changes))

    return make


@pytest.fixture(scope="session")
def make_heartbeat():
    """Return a function that makes a heartbeat with no more than it must have."""

    def make(**changes):
        values = {
            "v": 1,
            "id": "h",
            "session": "00000007-abcdef01",
            "seq": 42,
            "ts": 1_700_000_000_000,
            "clock": "synced",
            "board": "raspberry-pi-5",
            "agent_version": "1.0.0",
            "uptime_s": 10.0,
            "cpu_percent": 5.0,
            "memory_used_mb": 100.0,
            "memory_total_mb": 4000.0,
            "disk_free_mb": 9000.0,
        }
        return Heartbeat(**(values | changes))

    return make


@pytest.fixture
def database(tmp_path):
    """An empty registry in a file of its own."""
    database = Database(f"sqlite:///{tmp_path / 'registry.sqlite'}")
    yield database
    database.close()


@pytest.fixture
def store(tmp_path):
    """An empty time-series store in a file of its own."""
    store = SqliteStore(tmp_path / "telemetry.sqlite")
    yield store
    store.close()


@pytest.fixture
def committer():
    """Return a function that makes a committer over a store and a registry; devices may be silent for 90 s."""

    def make(store, database, **limits):
        rules = SilenceRules(heartbeat_s=30.0, missed=3)
        return Committer(store=PatientStore(store), database=database, rules=rules, limits=Limits(**limits))

    return make


@pytest.fixture
def commit(committer):
    """Return a function that commits a batch to a store and a registry, what is soft of it as well."""
    made = {}

    def run(batch, store, database):
        one = made.setdefault((id(store), id(database)), committer(store, database))
        committed = one.commit(batch)
        one.flush()
        return committed

    return run


@pytest.fixture
def delivery():
    """Return a function that makes a delivery as the broker would bring it."""
    envelope = {"v": 1, "session": "00000001-abcdef01", "clock": "synced"}
    vitals = {
        "board": "raspberry-pi-5",
        "agent_version": "1.0.0",
        "uptime_s": 1.0,
        "cpu_percent": 1.0,
        "memory_used_mb": 1.0,
        "memory_total_mb": 2.0,
        "disk_free_mb": 3.0,
    }
    bodies = {
        "heartbeat": vitals,
        "event": {"kind": "detection", "pipeline": "camera", "label": "car", "score": 0.5},
        "status": {"state": "online"},
        "state": {"config_version": 1, "config_sha256": "0"},
    }

    def make(kind, /, *, seq=1, device="cam-1", site="home", retained=False, received_ms=5_000, **changes):
        body = envelope | {"id": f"m{seq}", "seq": seq, "ts": 1_000 + seq} | bodies[kind] | changes
        return Delivery(
            topic=f"skerry/v1/{site}/{device}/{kind}",
            payload=json.dumps(body).encode(),
            is_retained=retained,
            received_ms=received_ms,
        )

    return make

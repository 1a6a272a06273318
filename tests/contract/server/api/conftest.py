"""The API over a small fleet, as an ASGI application, with people who may do different things."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from skerry_server.api.context import Context
from skerry_server.api.routes import create_api
from skerry_server.auth.doorkeeper import Doorkeeper
from skerry_server.auth.front import add_gate
from skerry_server.config.http import Http
from skerry_server.config.server import ServerConfig
from skerry_server.health import Health, now_ms
from skerry_server.ingest.commit import Committer
from skerry_server.ingest.pauses import PatientStore
from skerry_server.ingest.validate import Delivery
from skerry_server.presence import SilenceRules
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.database import Database
from skerry_server.registry.fleet.groups import add_group, add_members
from skerry_server.registry.models import AlertRow
from skerry_server.registry.orders.commands import order
from skerry_server.registry.orders.desired import put_desired
from skerry_server.registry.orders.stages import stage
from skerry_server.registry.people import users
from skerry_server.registry.people.passwords import hash_password
from skerry_server.registry.people.tokens import add_token
from skerry_server.registry.silences import add_silence
from skerry_server.stores.sqlite import SqliteStore

PASSWORD = "correct horse battery"
HOME_CAMERA = "rtsp://camera-at-home.example"
"""What the yard must not know."""
PEOPLE = {
    "ann": ("admin", None),
    "oli": ("operator", None),
    "vic": ("viewer", None),
    "yara": ("admin", ["yard"]),
    "yves": ("operator", ["yard"]),
}
ENVELOPE = {"v": 1, "session": "00000001-abcdef01", "clock": "synced"}
VITALS = {
    "board": "raspberry-pi-5",
    "agent_version": "1.0.0",
    "uptime_s": 1.0,
    "cpu_percent": 10.0,
    "memory_used_mb": 1.0,
    "memory_total_mb": 2.0,
    "disk_free_mb": 3.0,
    "pipelines": [
        {
            "name": "camera",
            "model": "tiny",
            "model_version": "1.0.0",
            "backend": "onnx",
            "state": "running",
            "frames": 90,
            "drops": {"late": 10},
            "stages_ms": {"inference": {"p50": 20.0, "p95": 30.0, "p99": 40.0}},
        }
    ],
}


@dataclass
class Downward:
    """Stands for the way to the devices: notes what it is asked for."""

    woken: int = 0
    told: list = field(default_factory=list)

    def wake(self):
        self.woken += 1

    def tell(self, notice):
        self.told.append(notice)


@dataclass
class Fleet:
    """The application and what it stands on; `as_` gives a client with somebody's token."""

    app: object
    database: Database
    downlink: Downward
    tokens: dict
    now_ms: int
    context: Context
    clients: int = 0

    def client(self, **headers):
        """Return a client with an address of its own, so that none has to wait for what another did."""
        self.clients += 1
        address = (f"10.0.{self.clients // 250}.{self.clients % 250}", 1234)
        return TestClient(self.app, base_url="http://localhost", headers=headers, client=address)

    def as_(self, name):
        return self.client(authorization=f"Bearer {self.tokens[name]}")


@dataclass(frozen=True)
class Populated:
    """Files of a registry and a store with a fleet in them, and the tokens of its people."""

    folder: Path
    tokens: dict
    now_ms: int


@pytest.fixture(scope="session")
def populated(tmp_path_factory):
    """Return a function that gives files to be copied, with people or without: filling them takes a second."""
    made = {}

    def give(*, people):
        if people not in made:
            folder, now = tmp_path_factory.mktemp("fleet"), now_ms()
            database, store = opened_in(folder)
            populate(database, store, ServerConfig(), now)
            tokens = employ(database, now) if people else {}
            database.forget_log()
            database.close()
            store.close()
            made[people] = Populated(folder=folder, tokens=tokens, now_ms=now)
        return made[people]

    return give


def opened_in(folder):
    return Database(f"sqlite:///{folder / 'registry.sqlite'}"), SqliteStore(folder / "telemetry.sqlite")


@pytest.fixture
def make_fleet(tmp_path, populated):
    """Return a function that makes an API over three devices; without people, nobody need sign in."""
    opened = []

    def make(*, people=True, http=None):
        source = populated(people=people)
        shutil.copytree(source.folder, tmp_path, dirs_exist_ok=True)
        database, store = opened_in(tmp_path)
        opened.extend((database, store))
        http = http or Http()
        downlink = Downward()
        context = Context(
            database=database,
            store=store,
            health=Health(),
            doorkeeper=Doorkeeper(database, is_local_only=http.is_local_only),
            downlink=downlink,
            config=ServerConfig(http=http),
        )
        for part in ("broker", "store", "registry", "spool"):
            context.health.works(part, "a test")
        app = create_api(context)
        add_gate(app, context.doorkeeper, http)
        return Fleet(
            app=app,
            database=database,
            downlink=downlink,
            tokens=source.tokens,
            now_ms=source.now_ms,
            context=context,
        )

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def fleet(make_fleet):
    """An API over cam-1 and cam-2 at home and bell-1 in the yard, with people."""
    return make_fleet()


def populate(database, store, config, now):
    """Let three devices report, some of it nonsense, and people arrange things."""
    committer = Committer(
        store=PatientStore(store),
        database=database,
        rules=SilenceRules(heartbeat_s=30.0, missed=3),
        limits=config.limits,
    )
    committer.commit([*reports("cam-1", "home", now), *reports("cam-2", "home", now), *reports("bell-1", "yard", now)])
    committer.commit([Delivery(topic="skerry/v1/home/cam-1/gossip", payload=b"{}", is_retained=False, received_ms=now)])
    committer.flush()
    author = Author(name="setup", ts_ms=now)
    with database.transaction() as session:
        add_group(session, author, "all")
        add_members(session, author, "all", ["cam-1", "cam-2", "bell-1"])
        add_group(session, author, "yard-only")
        add_members(session, author, "yard-only", ["bell-1"])
        put_desired(session, author, "cam-1", config={"heartbeat_interval_s": 10}, models={})
        order(session, author, "cam-1", "ping", args={}, expires_ms=now + 3_600_000)
        stage(
            session, author, "all", config={"heartbeat_interval_s": 20, "url": HOME_CAMERA}, models={"camera": "tiny"}
        )
        add_silence(session, author, until_ms=now + 3_600_000, comment="works", device="cam-2")
        add_silence(session, author, until_ms=now + 3_600_000, comment="everywhere", rule="latency")
        for device in ("cam-1", "bell-1"):
            about = {"rule": "offline", "device": device, "subject": "", "severity": "critical"}
            session.add(AlertRow(**about, state="firing", began_ms=now, detail="silent"))


def reports(device, site, now):
    """Return what a device says in one session."""
    bodies = [
        ("status", {"state": "online"}),
        *(("heartbeat", {**VITALS, "ts": now - 60_000 + 100 * n}) for n in range(5)),
        *(
            ("event", {"kind": "detection", "pipeline": "camera", "label": "car", "score": 0.5, **model})
            for model in ({"model": "tiny", "model_version": "1.0.0"}, {})
        ),
        ("state", {"config_version": 1, "config_sha256": "0"}),
    ]
    for seq, (kind, body) in enumerate(bodies, start=1):
        payload = json.dumps({**ENVELOPE, "id": f"m{seq}", "seq": seq, "ts": now, **body}).encode()
        topic = f"skerry/v1/{site}/{device}/{kind}"
        yield Delivery(topic=topic, payload=payload, is_retained=False, received_ms=now)
    yield Delivery(
        topic=f"skerry/v1/{site}/{device}/snapshot/m7",
        payload=b"\xff\xd8\xff\xe0 picture \xff\xd9",
        is_retained=False,
        received_ms=now,
    )


def employ(database, now):
    """Add people, and return a token for each."""
    author, tokens = Author(name="setup", ts_ms=now), {}
    with database.transaction() as session:
        for name, (role, sites) in PEOPLE.items():
            users.add_user(session, author, name, password_hash=hash_password(PASSWORD), role=role, sites=sites)
            tokens[name] = add_token(session, author, name, name="test", role=role)[1]
    return tokens

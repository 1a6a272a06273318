"""Today's server works with devices of the version before, and they with it (docs/compatibility.md)."""

from __future__ import annotations

import json

import jsonschema_rs
import pytest

from skerry_server.config.limits import Limits
from skerry_server.downlink.messages import command_message, desired_message
from skerry_server.ingest.commit import Committer
from skerry_server.ingest.pauses import PatientStore
from skerry_server.ingest.validate import Delivery
from skerry_server.presence import SilenceRules
from skerry_server.registry.database import Database
from skerry_server.registry.devices import list_devices
from skerry_server.registry.events import EventSearch, search
from skerry_server.registry.models import CommandRow, DesiredRow
from skerry_server.registry.orders.commands import NAMES
from skerry_server.stores.base import Query
from skerry_server.stores.sqlite import SqliteStore

NOW_MS = 1_760_000_001_000


@pytest.fixture
def server(tmp_path):
    """What takes in messages: a committer with its registry and store."""
    database, store = Database(f"sqlite:///{tmp_path}/registry.sqlite"), SqliteStore(tmp_path / "telemetry.sqlite")
    rules = SilenceRules(heartbeat_s=30.0, missed=3)
    yield Committer(store=PatientStore(store), database=database, rules=rules, limits=Limits()), database, store
    store.close()
    database.close()


def deliveries(recorded, **changes):
    """Yield everything that a device of that version sends, each message with a number of its own."""
    seq = iter(range(1, 1000))
    for kind, samples in recorded.sent.items():
        for body in samples:
            number = next(seq)
            item = f"/{body['command']}" if kind == "result" else ""
            yield Delivery(
                topic=f"skerry/v1/home/cam-1/{kind}{item}",
                payload=json.dumps(body | {"id": f"m{number}", "seq": number} | changes).encode(),
                is_retained=False,
                received_ms=NOW_MS,
            )


def test_everything_that_a_device_of_that_version_sends_is_taken_in(server, recorded):
    committer, database, store = server
    committed = committer.commit(list(deliveries(recorded)))
    committer.flush()
    assert [(one.topic, one.detail) for one in committed.letters] == []
    with database.reading() as session:
        ((device, presence),) = list_devices(session)
        assert presence.state == recorded.sent["status"][1]["state"]
        assert device.board == recorded.sent["heartbeat"][1]["board"]
        assert len(search(session, EventSearch())) == len(recorded.sent["event"])
    assert store.query(Query(measurement="inference", tags={"device": "cam-1"}))


def test_what_a_later_device_says_beside_is_passed_over(server, recorded):
    committed = server[0].commit(list(deliveries(recorded, from_a_later_version={"deep": [1, 2]})))
    assert committed.letters == []


def test_a_message_of_another_major_version_is_kept_as_a_dead_letter(server, recorded):
    committed = server[0].commit(list(deliveries(recorded, v=2)))
    assert len(committed.letters) == sum(map(len, recorded.sent.values()))


@pytest.mark.parametrize("name", NAMES)
def test_a_device_of_that_version_can_read_every_command_of_today_that_it_knows(recorded, name):
    row = CommandRow(id="a" * 32, device="cam-1", name=name, args={"lines": "5"}, ts_ms=1, expires_ms=NOW_MS, author="")
    sent = json.loads(command_message(row, site="home", now_ms=1).payload)
    jsonschema_rs.validator_for(recorded.understood["command"]).validate(sent)


def test_a_device_of_that_version_can_read_the_desired_state_of_today(recorded):
    wish = {"config": {"heartbeat_interval_s": 5}, "models": {"camera": "tiny"}, "updates": {}}
    row = DesiredRow(device="cam-1", version=7, ts_ms=1, **wish)
    sent = json.loads(desired_message(row, site="home").payload)
    jsonschema_rs.validator_for(recorded.understood["desired"]).validate(sent)

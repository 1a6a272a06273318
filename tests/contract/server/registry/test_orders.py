"""Desired state and commands: no version twice, nothing sent that is surpassed, no answer counted twice."""

from __future__ import annotations

import json
import threading

import msgspec
import pytest

from skerry_edge.contracts.messages import DESIRED_REFUSED, CommandResult, Event
from skerry_edge.contracts.topics import Topic
from skerry_edge.foundation.errors import ConfigError
from skerry_server.errors import ConflictError
from skerry_server.ingest.validate import Delivery, examine
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.events import add_events
from skerry_server.registry.fleet.groups import add_group, add_members
from skerry_server.registry.models import ReportRow
from skerry_server.registry.orders.commands import get_command, list_commands, mark_sent, order, save_result, unsent
from skerry_server.registry.orders.desired import (
    list_desired,
    mark_published,
    newest_desired,
    put_desired,
    unpublished,
)
from skerry_server.registry.orders.stages import apply_stage, discard_stage, get_stage, list_stages, stage
from skerry_server.registry.orders.standing import rollout_text, standings, versions_of_stage
from skerry_server.registry.reports import save_reports

SESSION = "00000001-abcdef01"


def result(command, *, ok=True, seq=5):
    return CommandResult(
        v=1, id="r", session=SESSION, seq=seq, ts=1, clock="synced", command=command, ok=ok, output={"log": "a\x00b"}
    )


def test_versions_rise_and_only_the_newest_is_to_be_published(fleet, ann):
    with fleet.transaction() as session:
        for number in (1, 2, 3):
            assert put_desired(session, ann, "cam-1", config={"n": number}, models={}).version == number
        put_desired(session, ann, "cam-2", config={}, models={"camera": "road-signs@1.0.0"})
        assert [(row.device, row.version) for row in unpublished(session, limit=9)] == [("cam-1", 3), ("cam-2", 1)]
        mark_published(session, "cam-1", 3, now_ms=5)
        assert [row.device for row in unpublished(session, limit=9)] == ["cam-2"]
        assert newest_desired(session, "cam-1").config == {"n": 3}
        assert [row.version for row in list_desired(session, "cam-1", limit=2, before_version=3)] == [2, 1]


def test_a_version_is_higher_than_any_that_the_device_says_it_has(fleet, ann):
    state = {"v": 1, "id": "m", "session": SESSION, "seq": 1, "ts": 1, "clock": "synced"}
    payload = json.dumps(state | {"config_version": 41, "config_sha256": "0"}).encode()
    with fleet.transaction() as session:
        session.add(ReportRow(device="cam-1", kind="state", item="", received_ms=1, payload=payload))
        session.flush()
        assert put_desired(session, ann, "cam-1", config={}, models={}).version == 42


def test_two_people_at_once_are_given_different_versions(fleet, url, opened, ann):
    begin, versions = threading.Barrier(4), []

    def put():
        database = opened(url)
        database.probe()
        begin.wait()
        with database.transaction() as session:
            versions.append(put_desired(session, ann, "cam-1", config={}, models={}).version)

    threads = [threading.Thread(target=put) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(versions) == [1, 2, 3, 4]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("config", [{"x": float("nan")}, {"x": "y" * 70_000}, {"x": {1, 2}}])
def test_what_no_message_could_carry_is_refused(fleet, ann, config):
    with pytest.raises(ConfigError), fleet.transaction() as session:
        put_desired(session, ann, "cam-1", config=config, models={})


@pytest.fixture
def staged(fleet, ann):
    """A registry with a state staged for cam-1 and cam-2, and the stage's number."""
    with fleet.transaction() as session:
        add_group(session, ann, "canaries")
        add_members(session, ann, "canaries", ["cam-1", "cam-2"])
        put_desired(session, ann, "cam-1", config={}, models={})
        return fleet, stage(session, ann, "canaries", config={"fps": 5}, models={}).id


def test_a_stage_is_applied_to_the_group_as_it_is_then_and_only_once(staged, ann):
    database, number = staged
    with database.transaction() as session:
        assert unpublished(session, limit=9)[0].config == {}
        add_members(session, ann, "canaries", ["bell-1"])
        applied = apply_stage(session, ann, number)
        assert {row.device: row.version for row in applied} == {"bell-1": 1, "cam-1": 2, "cam-2": 1}
        assert newest_desired(session, "cam-1").config == {"fps": 5}
    for decide in (apply_stage, discard_stage):
        with pytest.raises(ConflictError, match="applied by 'ann'"), database.transaction() as session:
            decide(session, ann, number)


def test_a_stage_that_is_discarded_changes_nothing(staged, ann):
    database, number = staged
    with database.transaction() as session:
        discard_stage(session, ann, number)
        assert newest_desired(session, "cam-2") is None
        assert [row.state for row in list_stages(session, limit=9)] == ["discarded"]


def test_a_command_is_to_be_sent_until_it_was_or_has_expired(fleet, ann):
    with fleet.transaction() as session:
        one = order(session, ann, "cam-1", "ping", args={}, expires_ms=2_000)
        other = order(session, ann, "cam-2", "restart", args={"pipeline": "camera"}, expires_ms=3_000)
        assert {row.id for row in unsent(session, now_ms=1_500, limit=9)} == {one.id, other.id}
        assert [row.id for row in unsent(session, now_ms=2_000, limit=9)] == [other.id]
        mark_sent(session, other.id, now_ms=1_600)
        assert unsent(session, now_ms=2_000, limit=9) == []


def test_the_first_answer_of_the_device_that_was_asked_counts(fleet, ann):
    with fleet.transaction() as session:
        command = order(session, ann, "cam-1", "logs", args={"lines": "5"}, expires_ms=2_000).id
        assert not save_result(session, "cam-2", result(command), received_ms=9)
        assert not save_result(session, "cam-1", result("nobody-asked"), received_ms=9)
        assert save_result(session, "cam-1", result(command), received_ms=10)
        assert not save_result(session, "cam-1", result(command, ok=False, seq=6), received_ms=11)
        session.expire_all()
        row = get_command(session, command)
        assert (row.ok, row.seq, row.result_received_ms, row.output) == (True, 5, 10, {"log": "a\ufffdb"})


def test_a_result_that_is_taken_in_ends_its_command(fleet, ann):
    with fleet.transaction() as session:
        command = order(session, ann, "cam-1", "ping", args={}, expires_ms=2_000).id
        came = Delivery(
            topic=f"skerry/v1/home/cam-1/result/{command}",
            payload=msgspec.json.encode(result(command)),
            is_retained=False,
            received_ms=9,
        )
        save_reports(session, [examine(came)])
        session.expire_all()
        assert get_command(session, command).result_received_ms == 9


def test_commands_are_listed_newest_first_page_by_page(fleet, ann):
    with fleet.transaction() as session:
        ids = {order(session, ann, "cam-1", "ping", args={}, expires_ms=2_000).id for _ in range(5)}
        first = list_commands(session, limit=3, device="cam-1")
        rest = list_commands(session, limit=3, before=(first[-1].ts_ms, first[-1].id))
        assert len(rest) == 2
        assert {row.id for row in (*first, *rest)} == ids


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("name", "args", "expires_ms"),
    [("format", {}, 2_000), ("ping", {}, 1_000), ("logs", {"lines": "9" * 5_000}, 2_000)],
)
def test_an_order_that_no_device_would_take_is_refused(fleet, ann, name, args, expires_ms):
    with pytest.raises(ConfigError), fleet.transaction() as session:
        order(session, ann, "cam-1", name, args=args, expires_ms=expires_ms)


def event(seq, message):
    return Event(
        v=1, id=f"e{seq}", session=SESSION, seq=seq, ts=1, clock="synced",
        kind="system", pipeline="agent", label=DESIRED_REFUSED, message=message,
    )  # fmt: skip


def told(seq, message, received_ms, *, device="cam-2"):
    return Topic(site="home", device=device, kind="event"), event(seq, message), received_ms


def test_of_a_stage_it_is_known_who_has_it_who_refused_and_why_and_who_has_yet_to(staged, ann):
    database, number = staged
    later = Author(name="ann", ts_ms=2_000)
    with database.transaction() as session:
        add_members(session, ann, "canaries", ["bell-1"])
        apply_stage(session, later, number)
        state = {"v": 1, "id": "m", "session": SESSION, "seq": 1, "ts": 1, "clock": "synced"}
        payload = json.dumps(state | {"config_version": 2, "config_sha256": "0"}).encode()
        session.add(ReportRow(device="cam-1", kind="state", item="", received_ms=1, payload=payload))
        session.add(ReportRow(device="bell-1", kind="state", item="", received_ms=1, payload=b'{"of": "long ago"}'))
        # One is older than the version, one of another version: neither is about this one.
        add_events(session, [told(1, "of yesterday", 1_999), told(2, "unknown key 'fps'; in desired version 1", 2_001)])
        add_events(session, [told(3, "of another version; in desired version 7", 2_002)])
        row = get_stage(session, number)
        found = standings(session, versions_of_stage(session, row, ["bell-1", "cam-1", "cam-2"]))
        assert [(one.device, one.progress) for one in found] == [
            ("bell-1", "waiting"),
            ("cam-1", "applied"),
            ("cam-2", "refused"),
        ]
        assert found[2].reason == "unknown key 'fps'; in desired version 1"
        assert rollout_text(found) == f"1 of 3 have it; 1 refused: {found[2].reason}; 1 not yet"
        put_desired(session, later, "cam-2", config={}, models={})
        assert standings(session, versions_of_stage(session, row, ["cam-2"]))[0].progress == "surpassed"

"""Two workers over one registry, of either kind: what each remembers may be old, what the rows end in is right."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from skerry_server.config.limits import Limits
from skerry_server.errors import RegistryError
from skerry_server.ingest import soft_state
from skerry_server.ingest.commit import Committer
from skerry_server.ingest.pauses import PatientStore
from skerry_server.ingest.validate import Delivery, examine
from skerry_server.presence import SilenceRules
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.bindings import Mark, rebound_since
from skerry_server.registry.dead_letters import list_dead_letters
from skerry_server.registry.devices import list_devices
from skerry_server.registry.erasure import erase_device
from skerry_server.registry.events import EventSearch, search
from skerry_server.registry.fleet.changes import move_device
from skerry_server.registry.models import ReportRow
from skerry_server.registry.presence_history import intervals_of
from skerry_server.registry.presence_rows import mark_silent
from skerry_server.registry.recording import decide

RULES = SilenceRules(heartbeat_s=30.0, missed=3)
BODIES = {
    "heartbeat": {
        "board": "b",
        "agent_version": "1",
        "uptime_s": 1.0,
        "cpu_percent": 1.0,
        "memory_used_mb": 1.0,
        "memory_total_mb": 2.0,
        "disk_free_mb": 3.0,
    },
    "event": {"kind": "detection", "pipeline": "camera", "label": "car", "score": 0.5},
    "state": {"config_version": 1, "config_sha256": "0"},
    "status": {"state": "online"},
}


class NoStore:
    """A store that takes everything."""

    def write(self, points):
        pass


@pytest.fixture
def workers(database):
    """Two committers over one registry."""
    return [Committer(store=PatientStore(NoStore()), database=database, rules=RULES, limits=Limits()) for _ in range(2)]


def message(kind, seq, *, device="cam-1", site="home", received_ms=1_000, session="00000001-abcdef01", **more):
    body = {"v": 1, "id": f"m{seq}", "session": session, "seq": seq, "ts": received_ms, "clock": "synced"}
    return Delivery(
        topic=f"skerry/v1/{site}/{device}/{kind}",
        payload=json.dumps(body | BODIES[kind] | more).encode(),
        is_retained=False,
        received_ms=received_ms,
    )


def will(connection, **more):
    return message("status", 0, state="offline", reason="connection lost", connection=connection, **more)


def states(database):
    with database.reading() as session:
        return {device.id: (row.state, row.seq) for device, row in list_devices(session) if row is not None}


def test_a_worker_that_missed_the_will_and_the_next_birth_ends_where_the_other_is(database, workers):
    first, second = workers
    first.commit([message("status", 1, connection=1), message("heartbeat", 2)])
    second.commit([message("heartbeat", 3)])
    second.commit([will(1, received_ms=2_000)])
    assert states(database)["cam-1"][0] == "offline"
    # The first worker still takes the device for online, and learns better when it writes what it heard.
    first.commit([message("heartbeat", 4, received_ms=2_100)])
    first.flush()
    assert states(database)["cam-1"] == ("offline", 4)
    second.commit([message("status", 5, connection=2, received_ms=3_000)])
    first.commit([message("heartbeat", 6, received_ms=3_100)])
    first.flush()
    assert states(database)["cam-1"] == ("online", 6)
    with database.reading() as session:
        history = intervals_of(session, "cam-1", since_ms=0, until_ms=10**6, limit=9)
    assert [(one.state, one.began_ms, one.ended_ms) for one in history] == [
        ("online", 3_000, None),
        ("offline", 2_000, 3_000),
        ("online", 1_000, 2_000),
    ]


def test_a_device_that_the_sweep_took_for_silent_comes_back_with_its_next_heartbeat(database, workers):
    first, _ = workers
    first.commit([message("status", 1), message("heartbeat", 2)])
    first.flush()
    with database.transaction() as session:
        assert mark_silent(session, ["cam-1"], RULES, floor_ms=0, now_ms=100_000) == ["cam-1"]
    first.commit([message("heartbeat", 3, received_ms=120_000)])
    first.flush()
    assert states(database)["cam-1"] == ("online", 3)


def test_what_was_heard_before_the_registry_failed_is_written_by_a_worker_that_has_forgotten_the_fleet(
    database, workers
):
    first, _ = workers
    first.commit([message("status", 1), message("heartbeat", 2)])
    first.flush()
    with database.transaction() as session:
        assert mark_silent(session, ["cam-1"], RULES, floor_ms=0, now_ms=100_000) == ["cam-1"]
    first.commit([message("heartbeat", 3, received_ms=120_000)])
    first.forget()
    first.flush()
    assert states(database)["cam-1"] == ("online", 3)


def test_the_newest_vitals_are_kept_whichever_worker_writes_last(database, workers):
    first, second = workers
    first.commit([message("status", 1)])
    second.commit([message("heartbeat", 3, received_ms=5_000)])
    second.flush()
    first.commit([message("event", 4, received_ms=9_000)])
    first.flush()
    with database.reading() as session:
        ((device, _),) = list_devices(session)
        assert (device.last_received_ms, device.agent_version) == (9_000, "1")


def test_workers_that_write_the_same_devices_at_once_wait_for_each_other(database, workers):
    devices = [f"cam-{number}" for number in range(40)]

    def work(number):
        worker = workers[number]
        for seq in range(1, 30):
            order = devices if number else devices[::-1]
            kinds = [("status", {"connection": seq}), ("heartbeat", {}), ("event", {})]
            kind, more = kinds[seq % 3]
            worker.commit([message(kind, 2 * seq + number, device=device, **more) for device in order])
            worker.flush()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(work, range(2)))
    assert {state for state, _ in states(database).values()} == {"online"}
    assert {seq for _, seq in states(database).values()} == {59}
    with database.reading() as session:
        events = search(session, EventSearch(limit=10_000))
        assert len({(one.device, one.seq) for one in events}) == len(events) == 40 * 2 * 10


def letters(database):
    with database.reading() as session:
        return [(one.reason, one.topic) for one in list_dead_letters(session, limit=100)]


def test_a_device_that_was_erased_and_still_beats_is_taken_in_anew(database, workers, ann):
    for seq, worker in enumerate(workers, 1):
        worker.commit([message("heartbeat", 2 * seq, device="cam-1"), message("heartbeat", 2 * seq, device="cam-2")])
        worker.flush()
    erase_device(database, ann, "cam-1")
    # Each has a heartbeat on the way while nobody has told it yet.
    for seq, worker in enumerate(workers, 5):
        worker.commit([message("heartbeat", seq), message("heartbeat", seq, device="cam-2")])
        worker.flush()
    assert set(states(database)) == {"cam-2"}
    for seq, worker in enumerate(workers, 7):
        worker.commit([message("heartbeat", seq)])
        worker.flush()
    assert states(database)["cam-1"] == ("online", 8)
    assert letters(database) == []
    erase_device(database, ann, "cam-1")


@pytest.mark.parametrize("is_back", [False, True], ids=["off since", "back before"])
@pytest.mark.parametrize("is_new", [False, True], ids=["the same worker", "started since"])
def test_what_was_spooled_of_a_device_that_was_erased_meanwhile_is_brought_back_by_nobody(
    database, workers, monkeypatch, is_back, is_new
):
    monkeypatch.setattr(soft_state, "EVERY_S", 0.0)
    same, other = workers
    same.commit([message("heartbeat", 1), message("heartbeat", 1, device="cam-2")])
    same.flush()
    spooled = [message(kind, seq, received_ms=2_000) for seq, kind in ((2, "heartbeat"), (3, "event"), (4, "status"))]
    erase_device(database, Author(name="ann", ts_ms=3_000), "cam-1")
    if is_back:
        other.commit([message("heartbeat", 9, received_ms=4_000)])
        other.flush()
    replaying = other if is_new else same
    # Nothing is soft: the worker is told all the same.
    assert replaying.flush_is_due()
    replaying.flush()
    committed = replaying.commit([*spooled, message("heartbeat", 2, device="cam-2", received_ms=2_000)])
    replaying.flush()
    assert (committed.points, len(committed.stored), committed.letters) == (1, 1, [])
    assert {device: seq for device, (_, seq) in states(database).items()} == {
        "cam-2": 2,
        **({"cam-1": 9} if is_back else {}),
    }
    with database.reading() as session:
        assert search(session, EventSearch()) == []


@pytest.mark.parametrize("kind", ["status", "event"])
def test_what_an_erased_device_reports_at_once_is_recorded_as_of_a_new_one(database, workers, ann, kind):
    first, second = workers
    first.commit([message("status", 1), message("heartbeat", 2), message("heartbeat", 1, device="cam-2")])
    erase_device(database, ann, "cam-1")
    committed = first.commit([message("heartbeat", 3), message(kind, 4), message("heartbeat", 2, device="cam-2")])
    assert (committed.letters, len(committed.stored)) == ([], 2)
    first.flush()
    assert states(database) == {"cam-1": ("online", 4), "cam-2": ("online", 2)}
    second.commit([message("heartbeat", 5)])
    second.flush()
    assert states(database)["cam-1"] == ("online", 5)


def test_what_a_moved_device_publishes_under_its_former_site_is_refused_by_all(database, workers, ann):
    for seq, worker in enumerate(workers, 1):
        worker.commit([message("heartbeat", seq)])
        worker.flush()
    with database.transaction() as session:
        move_device(session, ann, "cam-1", site="yard")
    first, second = workers
    # The one is told by its next flush, the other by what it records.
    first.commit([message("heartbeat", 3)])
    first.flush()
    assert [one.reason for one in first.commit([message("heartbeat", 4)]).letters] == ["identity"]
    assert [one.reason for one in second.commit([message("event", 5)]).letters] == ["identity"]
    at_home = "skerry/v1/home/cam-1"
    assert letters(database) == [("identity", f"{at_home}/event"), ("identity", f"{at_home}/heartbeat")]
    assert second.commit([message("event", 6, site="yard")]).letters == []


def test_a_device_erased_between_admission_and_decision_is_to_be_tried_again(database, workers):
    workers[0].commit([message("heartbeat", 1, device="cam-2")])
    with pytest.raises(RegistryError, match="cam-1"), database.transaction() as session:
        decide(session, [examine(message("status", 1)), examine(message("status", 1, device="cam-2"))], RULES)


def test_only_what_was_rebound_is_told_and_all_where_the_registry_is_not_the_same_any_more(fleet, ann):
    with fleet.reading() as session:
        before = rebound_since(session, None)
        assert before.devices is None
    with fleet.transaction() as session:
        move_device(session, ann, "cam-2", site="mill")
    erase_device(fleet, ann, "bell-1")
    with fleet.reading() as session:
        told = rebound_since(session, before.mark)
        assert told.devices == {"cam-2", "bell-1"}
        assert told.erased_ms == {"bell-1": ann.ts_ms}
        assert rebound_since(session, told.mark).devices == set()
        assert rebound_since(session, Mark(id=told.mark.id - 1, hash="of another past")).devices is None
        assert rebound_since(session, Mark(id=told.mark.id + 9, hash=told.mark.hash)).devices is None


def applied(database):
    with database.reading() as session:
        row = session.get(ReportRow, ("cam-1", "state", ""))
        return row.session, row.seq


def test_a_state_that_one_worker_held_up_does_not_go_over_a_newer_one(database, workers):
    first, second = workers
    for worker in workers:
        worker.commit([message("heartbeat", 1)])
    second.commit([message("state", 7)])
    # To the first it is about now: it has heard nothing newer.
    first.commit([message("state", 6)])
    assert applied(database) == ("00000001-abcdef01", 7)
    second.commit([message("status", 1, session="00000002-abcdef02"), message("state", 2, session="00000002-abcdef02")])
    first.commit([message("state", 8)])
    assert applied(database) == ("00000002-abcdef02", 2)
    first.commit([message("state", 3, session="00000002-abcdef02", replayed=True)])
    assert applied(database) == ("00000002-abcdef02", 3)


def test_workers_with_the_same_new_dead_letters_at_once_count_them_together(database, workers):
    def work(number):
        for turn in range(10):
            bad = [
                Delivery(topic=f"skerry/{one}", payload=b"%d" % turn, is_retained=False, received_ms=1)
                for one in range(50)
            ]
            workers[number].commit(bad[:: 1 - 2 * number] * 2)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(work, range(2)))
    with database.reading() as session:
        assert {one.times for one in list_dead_letters(session, limit=1000)} == {4}
        assert len(list_dead_letters(session, limit=1000)) == 500

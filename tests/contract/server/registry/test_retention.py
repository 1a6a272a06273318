"""What is old goes in batches, what holds stays, and a device can be forgotten whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from skerry_server.config.retention import Retention
from skerry_server.errors import NotFoundError
from skerry_server.ingest.validate import DeadLetter
from skerry_server.registry import retention
from skerry_server.registry.alerts import Cause, fire, open_alerts, resolve
from skerry_server.registry.audit.chain import verify
from skerry_server.registry.audit.trail import list_audit
from skerry_server.registry.dead_letters import add_dead_letters, list_dead_letters
from skerry_server.registry.erasure import erase_device
from skerry_server.registry.fleet.changes import set_tags
from skerry_server.registry.fleet.groups import add_group, add_members
from skerry_server.registry.models import Base, EventRow, ReportRow, table_of
from skerry_server.registry.orders.commands import order
from skerry_server.registry.orders.desired import put_desired
from skerry_server.registry.presence_history import Transition, intervals_of, save_transitions
from skerry_server.registry.retention import DAY_MS, purge
from skerry_server.registry.session_clocks import SessionClock, decide_offsets, offsets_of
from skerry_server.registry.silences import add_silence
from skerry_server.stores.base import Point, Query
from skerry_server.stores.sqlite import SqliteStore

SESSION = "00000001-abcdef01"
PICTURE = b"\xff\xd8 a face that is to be forgotten \xff\xd9"


def letter(device, number):
    return DeadLetter(
        topic=f"skerry/v1/home/{device}/event",
        reason="malformed",
        detail="d",
        payload=b"%d" % number,
        payload_bytes=1,
        received_ms=number,
    )


def add_events(database, count, *, device="cam-1", received_ms=1, first=0):
    row = {"device": device, "site": "home", "session": SESSION, "ts_ms": 1, "received_ms": received_ms}
    row |= {"is_synced": True, "replayed": False, "kind": "detection", "label": "car", "pipeline": "c"}
    numbers = range(first, first + count)
    rows = [row | {"message_id": f"m{seq}", "seq": seq, "phase": "instant"} for seq in numbers]
    with database.transaction() as session:
        session.execute(insert(table_of(EventRow)), rows)


def count(database, table):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table))


def test_what_is_old_goes_in_batches_and_the_rest_waits_for_the_next_round(fleet, monkeypatch):
    monkeypatch.setattr(retention, "BATCH_ROWS", 10)
    monkeypatch.setattr(retention, "MAX_BATCHES", 2)
    add_events(fleet, 25)
    add_events(fleet, 3, received_ms=2 * DAY_MS, first=100)
    rules = Retention(events_days=1)
    first = purge(fleet, rules, now_ms=2 * DAY_MS)
    assert (first.rows["events"], first.is_done) == (20, False)
    second = purge(fleet, rules, now_ms=2 * DAY_MS)
    assert (second.rows["events"], second.is_done) == (5, True)
    assert count(fleet, EventRow) == 3


def test_each_kind_has_its_own_age(fleet, ann):
    with fleet.transaction() as session:
        for kind, item in (("snapshot", "m1"), ("result", "c1"), ("state", "")):
            session.add(ReportRow(device="cam-1", kind=kind, item=item, received_ms=1, payload=b"x"))
        add_dead_letters(session, [letter("cam-1", 1)])
        order(session, ann, "cam-1", "ping", args={}, expires_ms=2_000)
    gone = purge(fleet, Retention(), now_ms=31 * DAY_MS).rows
    assert {what: rows for what, rows in gone.items() if rows} == {"snapshots": 1, "dead letters": 1}
    gone = purge(fleet, Retention(), now_ms=91 * DAY_MS).rows
    assert {what: rows for what, rows in gone.items() if rows} == {"results": 1, "commands": 1}
    assert count(fleet, ReportRow) == 1


def test_what_holds_stays_however_old_it_is(fleet, ann):
    with fleet.transaction() as session:
        save_transitions(
            session,
            [
                Transition(device="cam-1", state="offline", reason=None, session=SESSION, at_ms=1),
                Transition(device="cam-1", state="online", reason=None, session=SESSION, at_ms=2),
            ],
        )
        for rule in ("hot", "offline"):
            fire(session, [Cause(rule=rule, device=None, subject="", severity="info", value=None, detail="")], now_ms=1)
        resolve(session, [open_alerts(session)[0].id], now_ms=2)
        put_desired(session, ann, "cam-1", config={}, models={})
    purge(fleet, Retention(), now_ms=10_000 * DAY_MS)
    with fleet.reading() as session:
        assert [row.state for row in intervals_of(session, "cam-1", since_ms=0, until_ms=9, limit=9)] == ["online"]
        assert [row.rule for row in open_alerts(session)] == ["offline"]
        assert verify(session).rows == 1


def test_a_clock_s_offset_outlives_its_session_by_what_may_still_come_of_it(fleet):
    def begin(session, at_ms):
        with fleet.transaction() as open_session:
            began = Transition(device="cam-1", state="online", reason=None, session=session, at_ms=at_ms)
            save_transitions(open_session, [began])

    lasting, unheard = "00000002-abcdef02", "00000003-abcdef03"
    with fleet.transaction() as session:
        for name in (SESSION, lasting, unheard):
            clock = SessionClock(device="cam-1", session=name, clock="unsynced", offset_ms=1, decided_ms=1)
            decide_offsets(session, [clock])
    begin(SESSION, 1)
    begin(lasting, 60 * DAY_MS)

    def left(now_ms):
        purge(fleet, Retention(), now_ms=now_ms)
        with fleet.reading() as session:
            keys = [("cam-1", name, "unsynced") for name in (SESSION, lasting, unheard)]
            return {name for _, name, _ in offsets_of(session, keys)}

    assert left(31 * DAY_MS) == {SESSION, lasting}
    assert left(89 * DAY_MS) == {SESSION, lasting}
    assert left(91 * DAY_MS) == {lasting}
    assert left(10_000 * DAY_MS) == {lasting}


def test_nothing_goes_where_all_is_to_be_kept(fleet):
    add_events(fleet, 3)
    purge(fleet, Retention(events_days=0), now_ms=10_000 * DAY_MS)
    assert count(fleet, EventRow) == 3


@pytest.fixture
def known(fleet, ann):
    """A registry that holds something of cam-1 in every table that can, and as much of cam-2."""
    for device in ("cam-1", "cam-2"):
        add_events(fleet, 4, device=device)
        with fleet.transaction() as session:
            session.add(ReportRow(device=device, kind="snapshot", item="m1", received_ms=1, payload=PICTURE))
            set_tags(session, ann, device, {"floor": "1"})
            add_group(session, ann, f"of-{device}")
            add_members(session, ann, f"of-{device}", [device])
            put_desired(session, ann, device, config={}, models={})
            order(session, ann, device, "ping", args={}, expires_ms=2_000)
            fire(session, [Cause(rule="hot", device=device, subject="", severity="info", value=1, detail="")], now_ms=1)
            add_silence(session, ann, until_ms=2_000, comment="", device=device)
            add_dead_letters(session, [letter(device, 1), letter(device, 2)])
            clock = SessionClock(device=device, session=SESSION, clock="synced", offset_ms=1, decided_ms=1)
            decide_offsets(session, [clock])
            save_transitions(
                session, [Transition(device=device, state="online", reason=None, session=SESSION, at_ms=1)]
            )
    return fleet


def test_a_device_is_erased_whole_and_no_other_with_it(known, ann):
    before = {table.name: count(known, table) for table in Base.metadata.sorted_tables}
    erased = erase_device(known, ann, "cam-1")
    assert erased.rows == {
        "alerts": 1,
        "commands": 1,
        "dead_letters": 2,
        "desired": 1,
        "device_tags": 1,
        "devices": 1,
        "events": 4,
        "group_members": 1,
        "presence": 0,
        "presence_intervals": 1,
        "reports": 1,
        "session_clocks": 1,
        "silences": 1,
    }
    for name, rows in erased.rows.items():
        assert count(known, Base.metadata.tables[name]) == before[name] - rows, name
    with known.reading() as session:
        assert [row.topic for row in list_dead_letters(session, limit=9)] == ["skerry/v1/home/cam-2/event"] * 2
        assert list_audit(session, limit=1)[0].action == "device.erase"
        assert verify(session).faults == []
    with pytest.raises(NotFoundError):
        erase_device(known, ann, "cam-1")


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_what_was_erased_is_not_in_sqlite_s_files_any_more(known, ann):
    for device in ("cam-1", "cam-2"):
        erase_device(known, ann, device)
    for path in Path(known.engine.url.database).parent.glob("registry.sqlite*"):
        assert PICTURE not in path.read_bytes(), path.name


def test_the_command_forgets_registry_and_time_series(known, url, skerry, tmp_path):
    config = tmp_path / "server.toml"
    config.write_text(f'[registry]\nurl = "{url}"\n[store]\nkind = "sqlite"\npath = "telemetry.sqlite"\n')
    store = SqliteStore(tmp_path / "telemetry.sqlite")
    for device in ("cam-1", "cam-2"):
        tags = {"site": "home", "device": device, "board": "pi"}
        store.write([Point(measurement="heartbeat", tags=tags, fields={"x": 1.0}, time_ns=1)])
    assert skerry("server", "erase-device", "cam-9", "--yes", "--config", config).code == 2
    done = skerry("server", "erase-device", "cam-1", "--yes", "--config", config, "--json")
    assert (done.code, done.json["rows"]["events"]) == (0, 4)
    assert [point.tags["device"] for point in store.query(Query(measurement="heartbeat"))] == ["cam-2"]
    store.close()

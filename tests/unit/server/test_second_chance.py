"""Dead letters taken in after all: those whose fault is mended, once, and without waking the dead."""

from __future__ import annotations

import pytest

from skerry_server.errors import NotFoundError, StoreError
from skerry_server.ingest.second_chance import chosen_ids, replay_letters, waiting_ids
from skerry_server.ingest.validate import Delivery
from skerry_server.registry.dead_letters import list_dead_letters
from skerry_server.registry.devices import list_devices
from skerry_server.registry.events import EventSearch, search
from skerry_server.registry.models import DeadLetterRow
from skerry_server.spool.spool import Spool
from skerry_server.stores.base import Query, StoreInfo


def letters(database):
    with database.transaction() as session:
        return [(row.id, row.reason, row.times, row.replayed_ms) for row in list_dead_letters(session, limit=99)]


def test_a_letter_is_taken_in_when_the_limit_that_refused_it_is_raised(store, database, committer, delivery):
    strict, mended = committer(store, database, models=1), committer(store, database, models=9)
    vitals = {"name": "camera", "model_version": "1", "backend": "onnx", "state": "running", "frames": 1}
    strict.commit([delivery("heartbeat", seq=seq, pipelines=[vitals | {"model": f"m{seq}"}]) for seq in (1, 2)])
    ((number, reason, _, _),) = letters(database)
    assert reason == "cardinality"
    (refused,) = replay_letters(database, store, strict, [number], now_ms=7)
    assert refused.refusal.startswith("cardinality: ")
    (taken,) = replay_letters(database, store, mended, waiting_ids(database, reason="cardinality"), now_ms=8)
    assert taken.refusal is None
    assert letters(database) == [(number, "cardinality", 1, 8)]
    assert waiting_ids(database, reason=None) == []
    assert len(store.query(Query(measurement="heartbeat"))) == 2


def test_replaying_twice_is_once_and_brings_no_device_online(store, database, committer, delivery):
    full = committer(store, database, devices=1)
    full.commit([delivery("status"), delivery("event", seq=3, device="cam-2")])
    mended = committer(store, database)
    ids = waiting_ids(database, reason=None)
    for _ in range(2):
        assert [one.refusal for one in replay_letters(database, store, mended, ids, now_ms=7)] == [None]
    with database.transaction() as session:
        assert [row.device for row in search(session, EventSearch())] == ["cam-2"]
        states = {device.id: presence.state for device, presence in list_devices(session)}
    assert states == {"cam-1": "online", "cam-2": "offline"}


def test_a_letter_of_which_only_the_beginning_is_kept_is_told_so(store, database, committer):
    one = committer(store, database)
    one.commit([Delivery(topic="skerry/x", payload=b"x" * 300_000, is_retained=False, received_ms=1)])
    (outcome,) = replay_letters(database, store, one, waiting_ids(database, reason=None), now_ms=7)
    assert "only its beginning is kept" in outcome.refusal


class Unsure:
    """A store that may lose, for a moment, what it took; each probe finds the next of ``starts``."""

    def __init__(self, store, starts):
        self.write = store.write
        self._starts = iter(starts)

    def probe(self):
        return StoreInfo(product="p", version="1", where="w", durable_after_s=0.01, started_ms=next(self._starts))


def test_a_letter_counts_as_taken_in_when_the_store_cannot_lose_it_any_more(store, database, committer, delivery):
    committer(store, database, devices=0).commit([delivery("heartbeat"), delivery("event", seq=2)])
    heartbeat, event = waiting_ids(database, reason=None)

    def replay(starts, number):
        unsure = Unsure(store, starts)
        return replay_letters(database, unsure, committer(unsure, database), [number], now_ms=7)

    with pytest.raises(StoreError, match="started again before"):
        replay([1, 2], heartbeat)
    assert waiting_ids(database, reason=None) == [heartbeat, event]
    replay([3, 3], heartbeat)
    replay([4], event)  # the registry has it, so nothing is waited for
    assert waiting_ids(database, reason=None) == []


def test_a_letter_that_is_not_there_is_an_error_where_a_person_named_it(database):
    with pytest.raises(NotFoundError, match="no such dead letter"):
        chosen_ids(database, [17])


def test_a_letter_that_made_room_meanwhile_keeps_no_other_from_being_taken_in(store, database, committer, delivery):
    committer(store, database, devices=0).commit([delivery("event", seq=seq) for seq in (1, 2)])
    first, second = waiting_ids(database, reason=None)
    with database.transaction() as session:
        session.delete(session.get(DeadLetterRow, first))
    outcomes = replay_letters(database, store, committer(store, database), [first, second], now_ms=7)
    assert {one.id: one.refusal for one in outcomes} == {first: "it made room for others meanwhile", second: None}
    assert letters(database) == [(second, "cardinality", 1, 7)]


def test_the_command_lists_shows_and_replays(skerry, tmp_path, monkeypatch, store, database, committer):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    committer(store, database).commit(
        [Delivery(topic="skerry/v1/home/cam-1/event", payload=b"\xff{", is_retained=False, received_ms=1)]
    )
    (row,) = skerry("server", "dead-letters", "list", "--reason", "encoding", "--text", "cam-1", "--json").json
    assert skerry("server", "dead-letters", "list", "--text", "cam_1", "--json").json == []
    shown = skerry("server", "dead-letters", "show", row["id"], "--json").json
    assert (shown["payload"], shown["payload_bytes"]) == ("\\xff{", 2)
    replayed = skerry("server", "dead-letters", "replay", "--all", "--json")
    assert (replayed.code, replayed.json[0]["id"]) == (1, row["id"])
    assert skerry("server", "dead-letters", "replay").code == 2
    assert skerry("server", "dead-letters", "replay", 17).code == 2
    assert skerry("server", "dead-letters", "show", 10**23).code == 2
    assert skerry("server", "tokens", "revoke", 10**23).code == 2


def test_the_command_opens_the_registry_as_the_server_does(skerry, tmp_path, monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    (tmp_path / "password").write_text("secret\n")
    config = tmp_path / "server.toml"
    config.write_text('[registry]\npassword_file = "password"\n')
    refused = skerry("server", "dead-letters", "replay", "--all", "--config", config)
    assert (refused.code, "SQLite knows no passwords" in refused.err) == (2, True)


def test_the_state_of_the_spool_is_told_beside_a_server_that_runs(skerry, tmp_path, monkeypatch, delivery):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    assert skerry("server", "spool", "status", "--json").json == []
    spool = Spool(tmp_path / "spool" / "w1", budget_bytes=10_000)
    spool.open()
    spool.append([delivery("heartbeat"), delivery("heartbeat", seq=2)])
    (told,) = skerry("server", "spool", "status", "--json").json
    assert (told["worker"], told["messages"], told["damaged_bytes"]) == ("w1", 2, 0)
    (file,) = spool.folder.glob("*.spool")
    data = file.read_bytes()
    file.write_bytes(data[:40] + b"?" + data[41:])
    spoiled = skerry("server", "spool", "status")
    assert spoiled.code == 1
    assert "1 messages" in spoiled.out
    spool.close()


def test_a_file_of_the_spool_that_was_set_aside_is_taken_back_when_it_can_be_read(
    skerry, tmp_path, monkeypatch, delivery
):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    assert skerry("server", "spool", "take-back", "--json").json == []
    spool = Spool(tmp_path / "spool" / "w1", budget_bytes=10_000)
    spool.open()
    spool.append([delivery("heartbeat")])
    owed = spool.first_owed()
    spool.set_aside(owed.segment)
    aside = owed.segment.path.with_suffix(".unreadable")
    data = aside.read_bytes()
    aside.unlink()
    aside.mkdir()
    failed = skerry("server", "spool", "take-back", "--json")
    assert (failed.code, "cannot read" in failed.json[0]["error"]) == (1, True)
    aside.rmdir()
    aside.write_bytes(data)
    told = skerry("server", "spool", "take-back", "--json")
    assert (told.code, told.json[0]["worker"], told.json[0]["messages"]) == (0, "w1", 1)
    spool.look_again()
    assert spool.first_owed().segment.path == owed.segment.path
    spool.close()

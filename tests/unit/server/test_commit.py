"""One batch made durable: where everything goes, that twice is once, and what a store's refusal costs."""

from __future__ import annotations

from skerry_server.errors import RefusedPointsError, StoreError
from skerry_server.ingest.validate import Delivery
from skerry_server.registry.dead_letters import list_dead_letters
from skerry_server.registry.devices import list_devices
from skerry_server.registry.events import EventSearch, search
from skerry_server.registry.models import ReportRow
from skerry_server.stores.base import Query


class PickyStore:
    """A store that refuses the points of one device for good."""

    def __init__(self, store, refused_device):
        self._store = store
        self._refused = refused_device

    def write(self, points):
        self._store.write([point for point in points if point.tags["device"] != self._refused])
        refused = [index for index, point in enumerate(points) if point.tags["device"] == self._refused]
        if refused:
            raise RefusedPointsError(dict.fromkeys(refused, "field type conflict"))


class AwayStore:
    """A store that does not answer."""

    def write(self, points):
        raise StoreError("the store does not answer")


def events(database):
    with database.transaction() as session:
        return [(row.device, row.seq, row.label) for row in search(session, EventSearch())]


def letters(database):
    with database.transaction() as session:
        return [(row.topic, row.reason, row.times) for row in list_dead_letters(session, limit=100)]


def devices(database):
    with database.transaction() as session:
        return {row.id: (row.site, presence and presence.state) for row, presence in list_devices(session)}


def reports(database):
    with database.transaction() as session:
        return {(row.device, row.kind, row.item): row.payload for row in session.query(ReportRow)}


def test_each_message_goes_where_it_belongs(store, database, delivery, commit):
    batch = [delivery("status"), delivery("heartbeat", seq=2, temperature_c=50.0), delivery("event", seq=3)]
    committed = commit(batch, store, database)
    assert (committed.points, len(committed.stored)) == (1, 1)
    (point,) = store.query(Query(measurement="heartbeat"))
    assert point.fields["temperature_c"] == 50.0
    assert events(database) == [("cam-1", 3, "car")]
    assert devices(database) == {"cam-1": ("home", "online")}
    assert letters(database) == []


def test_a_batch_committed_twice_is_stored_once(store, database, delivery, commit):
    batch = [delivery("status"), delivery("heartbeat", seq=2), delivery("event", seq=3), delivery("event", seq=4)]
    commit(batch, store, database)
    again = commit(batch, store, database)
    assert again.letters == []
    assert len(store.query(Query(measurement="heartbeat"))) == 1
    assert len(events(database)) == 2


def test_the_first_of_two_messages_with_one_seq_is_kept(store, database, delivery, commit):
    commit([delivery("event", seq=3, label="car"), delivery("event", seq=3, label="dog")], store, database)
    assert events(database) == [("cam-1", 3, "car")]


def test_a_device_is_bound_to_its_first_site_and_another_sites_claim_is_a_dead_letter(
    store, database, delivery, commit
):
    commit([delivery("heartbeat"), delivery("heartbeat", seq=2, site="mill")], store, database)
    commit([delivery("event", seq=3, site="mill")], store, database)
    assert devices(database) == {"cam-1": ("home", "online")}
    assert {reason for _, reason, _ in letters(database)} == {"identity"}
    assert events(database) == []
    assert [point.tags["site"] for point in store.query(Query(measurement="heartbeat"))] == ["home"]


def test_what_is_refused_is_kept_and_the_rest_of_the_batch_is_stored(store, database, delivery, commit):
    bad = Delivery(topic="skerry/v1/home/cam-1/event", payload=b"\x00\xff", is_retained=False, received_ms=1)
    commit([bad, delivery("event", seq=3)], store, database)
    assert letters(database) == [("skerry/v1/home/cam-1/event", "encoding", 1)]
    assert len(events(database)) == 1


def test_the_same_refused_message_again_is_counted_and_not_piled_up(store, database, commit):
    bad = Delivery(topic="skerry/x", payload=b"?", is_retained=False, received_ms=1)
    for _ in range(3):
        commit([bad], store, database)
    assert letters(database) == [("skerry/x", "topic", 3)]


def test_points_that_the_store_refuses_are_found_and_the_others_stored(store, database, delivery, commit):
    batch = [delivery("heartbeat", seq=1, device=f"cam-{number}") for number in range(9)]
    commit(batch, PickyStore(store, "cam-6"), database)
    assert len(store.query(Query(measurement="heartbeat"))) == 8
    assert [(topic, reason) for topic, reason, _ in letters(database)] == [("skerry/v1/home/cam-6/heartbeat", "store")]


def test_a_device_whose_heartbeats_are_refused_is_heard_and_the_store_is_owed_none_of_them(
    store, database, delivery, committer
):
    one = committer(store, database, fields=1)
    for seq in (1, 2):
        committed = one.commit([delivery("heartbeat", seq=seq)])
        assert (committed.points, committed.stored, committed.unstored) == (0, [], ())
    picky = committer(PickyStore(store, "cam-3"), database)
    assert picky.commit([delivery("heartbeat", device="cam-3")]).stored == []
    assert devices(database) == dict.fromkeys(("cam-1", "cam-3"), ("home", "online"))
    assert [reason for _, reason, _ in letters(database)] == ["store", "cardinality", "cardinality"]
    one.flush()
    with database.reading() as session:
        (row,) = [row for row, _ in list_devices(session) if row.id == "cam-1"]
    assert row.last_received_ms == 5_000


def test_a_store_that_is_away_is_owed_the_heartbeats_and_all_else_goes_on(database, delivery, commit):
    batch = [delivery("status"), delivery("heartbeat", seq=2), delivery("event", seq=3)]
    committed = commit(batch, AwayStore(), database)
    assert "does not answer" in str(committed.store_error)
    assert (committed.points, committed.unstored) == (0, [batch[1]])
    assert events(database) == [("cam-1", 3, "car")]
    assert devices(database) == {"cam-1": ("home", "online")}


def test_a_message_that_breaks_the_handling_becomes_a_dead_letter(store, database, delivery, committer):
    committer(store, database).bury(delivery("event"), ZeroDivisionError("oops"))
    assert [reason for _, reason, _ in letters(database)] == ["internal"]


def test_the_vitals_shown_are_those_of_the_newest_heartbeat_and_not_of_a_replay(store, database, delivery, commit):
    commit([delivery("heartbeat", seq=5, temperature_c=60.0)], store, database)
    old = delivery("heartbeat", seq=9, session="00000000-00000000", temperature_c=20.0, replayed=True)
    commit([old], store, database)
    with database.transaction() as session:
        ((row, _),) = list_devices(session)
        assert row.temperature_c == 60.0
    assert len(store.query(Query(measurement="heartbeat"))) == 2


def test_a_retained_birth_is_no_sighting(store, database, delivery, commit):
    commit([delivery("status", retained=True)], store, database)
    with database.transaction() as session:
        ((row, presence),) = list_devices(session)
        assert (presence.state, row.last_received_ms) == ("offline", None)


def test_only_the_newest_state_is_kept_and_every_result(store, database, delivery, commit):
    result = delivery("state", seq=3, command="c1", ok=True)
    result = Delivery(topic="skerry/v1/home/cam-1/result/c1", payload=result.payload, is_retained=False, received_ms=1)
    newest = delivery("state", seq=7, config_version=2)
    commit([newest, delivery("state", seq=5), result], store, database)
    kept = reports(database)
    assert kept["cam-1", "state", ""] == newest.payload
    assert kept["cam-1", "result", "c1"] == result.payload


def test_a_snapshot_is_kept_as_it_came(store, database, commit):
    jpeg = b"\xff\xd8\xff\xe0picture"
    topic = "skerry/v1/home/cam-1/snapshot/e1"
    commit([Delivery(topic=topic, payload=jpeg, is_retained=False, received_ms=1)], store, database)
    assert reports(database) == {("cam-1", "snapshot", "e1"): jpeg}


def test_text_with_nul_is_kept_without_it(store, database, delivery, commit):
    commit([delivery("event", label="a\x00b")], store, database)
    assert events(database) == [("cam-1", 1, "a\ufffdb")]


def test_an_event_under_the_number_of_another_is_kept_as_a_dead_letter(store, database, delivery, commit):
    first, other = delivery("event", id="first"), delivery("event", id="other", label="dog")
    committed = commit([first, other], store, database)
    assert events(database) == [("cam-1", 1, "car")]
    assert letters(database) == [("skerry/v1/home/cam-1/event", "identity", 1)]
    assert [letter.payload for letter in committed.letters] == [other.payload]
    commit([first], store, database)
    assert letters(database) == [("skerry/v1/home/cam-1/event", "identity", 1)]

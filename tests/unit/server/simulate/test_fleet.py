"""A simulated fleet, decided: the same from the same seed, every kind of trouble in it, judged as a server judges."""

from __future__ import annotations

from collections import Counter

import pytest

from skerry_edge.contracts.messages import Event, Heartbeat, Status
from skerry_edge.contracts.topics import parse_topic
from skerry_server.ingest.validate import Accepted, Delivery, examine
from skerry_server.simulate.acts import Connect, Cut, Leave, Publish
from skerry_server.simulate.malformed import FAMILIES


def test_the_same_seed_does_the_same_however_fast_it_is_asked(make_fleet, play):
    at_once = play(make_fleet())
    assert play(make_fleet(), step_ms=7) == at_once
    assert play(make_fleet(), step_ms=700) == at_once
    assert play(make_fleet(seed=8)) != at_once


def test_a_server_judges_it_to_be_just_what_the_fleet_expects(make_fleet, play, look):
    fleet = make_fleet(60)
    seen = look(fleet, play(fleet))
    expected = fleet.expectation()
    assert seen.letters == expected.dead_letters
    for one in expected.devices:
        assert len(seen.heard[one.device]["heartbeat"]) == one.heartbeats
        assert len(seen.heard[one.device]["event"]) == one.events
    assert {one.presence for one in expected.devices} == {"online", "degraded", "offline"}


def test_every_kind_of_trouble_comes_about(make_fleet, play, look):
    fleet = make_fleet(60)
    done = play(fleet, 6.0)
    seen = look(fleet, done)
    assert {type(act) for _, act in done} == {Connect, Publish, Cut, Leave}
    times = Counter(act.message for _, act in done if isinstance(act, Publish))
    assert max(times.values()) == 2, "duplicates"
    assert any(message.replayed for _, message in seen.messages)
    beats = [(device, one.session, one.seq) for device, one in seen.messages if isinstance(one, Heartbeat)]
    newest, late = {}, 0
    for device, session, seq in beats:
        late += seq < newest.get((device, session), 0)
        newest[device, session] = max(seq, newest.get((device, session), 0))
    assert late > 10
    starts = Counter(device for device, _, _ in {(device, session, 0) for device, session, _ in beats})
    assert max(starts.values()) > 1, "reboots"
    reasons = {one.reason for _, one in seen.messages if isinstance(one, Status)}
    assert {"connection lost", "stopped", "restarting"} < reasons
    assert {one.state for _, one in seen.messages if isinstance(one, Status)} == {"online", "degraded", "offline"}
    assert sum(seen.letters.values()) > 2 * len(FAMILIES)
    assert len(seen.letters) == 5


def test_a_fleet_without_trouble_has_none(make_fleet, play, look):
    fleet = make_fleet(trouble="none")
    done = play(fleet)
    seen = look(fleet, done)
    assert {type(act) for _, act in done} == {Connect, Publish}
    assert not seen.letters
    assert all(one.presence == "online" and not one.clock_offsets_s for one in fleet.expectation().devices)


def test_a_start_counter_rises_by_one_with_each_start_and_with_each_run(make_fleet, play):
    fleet = make_fleet()
    sessions = {}
    for device, act in play(fleet):
        if isinstance(act, Connect):
            session = act.will.payload.split(b'"session":"')[1].split(b"-")[0]
            known = sessions.setdefault(device, [])
            if int(session) not in known:
                known.append(int(session))
    for starts in sessions.values():
        assert starts == list(range(fleet.first_start, fleet.first_start + len(starts)))
    later = make_fleet(start_ms=fleet.start_ms + 4000)
    assert later.first_start > max(max(starts) for starts in sessions.values())


def test_clocks_are_off_as_they_were_ordered(make_fleet, play, look):
    fleet = make_fleet(trouble="clock_1970=0.3,clock_ahead=0.2,clock_ntp=0.3")
    seen = look(fleet, play(fleet))
    kinds = {one.name: one.agent.nature.clock for one in fleet.devices}
    assert set(kinds.values()) == {"right", "clock_1970", "clock_ahead", "clock_ntp"}
    now_ms = fleet.start_ms + 4000
    for expected in fleet.expectation().devices:
        said = [one for device, one in seen.messages if device == expected.device]
        is_right = [one.clock == "synced" and abs(one.ts - now_ms) < 5000 for one in said]
        offsets_s = list(expected.clock_offsets_s.values())
        kind = kinds[expected.device]
        assert all(is_right) == (kind == "right") == (not offsets_s)
        if kind == "clock_ntp":
            assert not is_right[0]
            assert is_right[-1]
        if kind == "clock_1970":
            assert not any(is_right)
            assert offsets_s[0] * 1000 == pytest.approx(fleet.start_ms, abs=20_000)


def test_an_object_begins_is_updated_and_ends_and_nothing_ends_that_had_not_begun(make_fleet, play, look):
    fleet = make_fleet(trouble="none")
    phases = {}
    for device, one in look(fleet, play(fleet, 8.0)).messages:
        if isinstance(one, Event) and one.track is not None:
            phases.setdefault((device, one.track), []).append(one.phase)
            assert one.began is not None
    for said in phases.values():
        assert said[0] == "begin"
        assert set(said[1:-1]) <= {"update"}
    assert any(said[-1] == "end" and len(said) > 2 for said in phases.values())


def test_what_happens_while_the_connection_is_broken_is_replayed_under_its_own_numbers(make_fleet, play, look):
    fleet = make_fleet(10, trouble="flap=0.2")
    seen = look(fleet, play(fleet))
    replayed = [one for _, one in seen.messages if one.replayed]
    assert {type(one) for one in replayed} == {Heartbeat, Event}
    for name in {device for device, _ in seen.messages}:
        numbers = [(one.session, one.seq) for device, one in seen.messages if device == name and one.seq]
        assert len(set(numbers)) == len(numbers)


def test_pictures_are_jpegs_of_events(make_fleet, play):
    fleet = make_fleet(trouble="none")
    topics = {act.message.topic: act.message.payload for _, act in play(fleet) if isinstance(act, Publish)}
    pictures = [(parse_topic(topic), jpeg) for topic, jpeg in topics.items() if "/snapshot/" in topic]
    assert len(pictures) > 10
    assert all(jpeg.startswith(b"\xff\xd8\xff") and len(jpeg) < 20_000 for _, jpeg in pictures)
    without = make_fleet(trouble="none", pictures=0.0)
    play(without)
    assert without.expectation().sent["event"] > 10
    assert "snapshot" not in without.expectation().sent


def test_model_versions_are_mixed_and_cost_differently(make_fleet, play, look):
    fleet = make_fleet(60, trouble="none")
    seen = look(fleet, play(fleet, 2.0))
    versions = {
        (pipeline.model, pipeline.model_version)
        for _, one in seen.messages
        if isinstance(one, Heartbeat)
        for pipeline in one.pipelines
    }
    assert len(versions) == 5


def test_each_family_of_malformed_messages_is_refused_for_its_reason():
    for family in FAMILIES:
        message = family.make("mill", "sim-0001", "run-1-1-sim-0001-1")
        delivery = Delivery(topic=message.topic, payload=message.payload, is_retained=False, received_ms=1)
        judged = examine(delivery)
        if family.name == "foreign site":
            assert isinstance(judged, Accepted), "the registry knows the site, not the contract"
        else:
            assert judged.reason == family.reason, family.name
        assert b"run-1-1-sim-0001-1" in message.payload[:1000]

"""Simulated devices: the same seed gives the same figures, and every message fits the contract."""

from __future__ import annotations

from skerry_edge.contracts.codec import decode, encode
from skerry_edge.contracts.topics import is_name
from skerry_server.simulate.device import make_devices


def fleet(seed=7, count=5):
    return make_devices(count, seed=seed, interval_s=2.0, start_counter=12)


def story(device):
    said = [("status", device.will(1)), ("status", device.birth(2))]
    for step in range(200):
        said.append(("heartbeat", device.heartbeat(step)))
        event = device.event(step)
        if event is not None:
            said.append(("event", event))
    return [*said, ("status", device.goodbye(999))]


def test_the_same_seed_tells_the_same_story_and_another_seed_another():
    assert [story(one) for one in fleet()] == [story(one) for one in fleet()]
    assert [story(one) for one in fleet()] != [story(one) for one in fleet(seed=8)]


def test_every_message_fits_the_contract():
    for device in fleet():
        assert is_name(device.name)
        assert is_name(device.site)
        for kind, message in story(device):
            assert decode(kind, encode(message)) == message


def test_seq_rises_by_one_and_the_will_has_none():
    _, *rest = story(fleet()[0])
    assert [message.seq for _, message in rest] == list(range(1, len(rest) + 1))
    assert fleet()[0].will(1).seq == 0


def test_vitals_drift_and_stay_plausible():
    beats = [message for kind, message in story(fleet()[0]) if kind == "heartbeat"]
    temperatures = [beat.temperature_c for beat in beats]
    assert len(set(temperatures)) > 20
    assert all(20.0 < one < 110.0 for one in temperatures)
    assert all(1.0 <= beat.cpu_percent <= 100.0 for beat in beats)


def test_events_happen_now_and_then():
    kinds = [kind for kind, _ in story(fleet()[0])]
    assert 20 < kinds.count("event") < 90

"""What arrived, judged: accepted, ignored, or a dead letter with its reason."""

from __future__ import annotations

import json

import pytest

from skerry_edge.contracts.messages import Event
from skerry_server.ingest.validate import MAX_KEPT_BYTES, Accepted, DeadLetter, Delivery, examine

BASE = "skerry/v1/home/cam-1"
ENVELOPE = {"v": 1, "id": "m", "session": "00000001-abcdef01", "seq": 1, "ts": 1, "clock": "synced"}
EVENT = ENVELOPE | {"kind": "detection", "pipeline": "p", "label": "car"}


def judge(topic, payload):
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return examine(Delivery(topic=topic, payload=raw, is_retained=False, received_ms=7))


def test_a_message_of_the_contract_is_accepted():
    accepted = judge(f"{BASE}/event", EVENT)
    assert isinstance(accepted, Accepted)
    assert isinstance(accepted.message, Event)
    assert (accepted.topic.site, accepted.topic.device) == ("home", "cam-1")


@pytest.mark.parametrize("kind", ["desired", "command"])
def test_what_goes_down_to_devices_is_ignored(kind):
    assert judge(f"{BASE}/{kind}", b"whatever") is None


@pytest.mark.parametrize("kind", ["status", "state"])
def test_clearing_a_retained_message_is_no_message(kind):
    assert judge(f"{BASE}/{kind}", b"") is None


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("skerry/v2/home/cam-1/event", EVENT, "topic"),
        ("skerry", b"", "topic"),
        (f"{BASE}/gossip", EVENT, "topic"),
        ("skerry/v1/HOME/cam-1/event", EVENT, "topic"),
        ("skerry/v1/home/cam-1/event/extra", EVENT, "topic"),
        (f"{BASE}/event", b"", "encoding"),
        (f"{BASE}/event", b"{nonsense", "encoding"),
        (f"{BASE}/event", b'{"label": "\xff"}', "encoding"),
        (f"{BASE}/event", b'{"x":' * 20_000, "oversize"),
        (f"{BASE}/event", b'{"x":' * 10_000, "encoding"),
        (f"{BASE}/event", b"x" * 70_000, "oversize"),
        (f"{BASE}/event", ENVELOPE, "schema"),
        (f"{BASE}/event", EVENT | {"ts": 2**53 + 1}, "schema"),
        (f"{BASE}/event", EVENT | {"ts": -1}, "schema"),
        (f"{BASE}/event", json.dumps(EVENT | {"score": float("nan")}).encode(), "encoding"),
        (f"{BASE}/event", json.dumps(EVENT | {"latency_ms": float("inf")}).encode(), "encoding"),
        (f"{BASE}/event", json.dumps(EVENT).encode()[:-1] + b', "latency_ms": 1e999}', "schema"),
        (f"{BASE}/event", EVENT | {"score": 1.5}, "schema"),
        (f"{BASE}/result/c1", ENVELOPE | {"command": "c2", "ok": True}, "identity"),
        (f"{BASE}/snapshot/e1", b"GIF89a", "encoding"),
        (f"{BASE}/snapshot/e1", b"\xff\xd8\xff" + bytes(300_000), "oversize"),
    ],
)
def test_what_the_contract_does_not_allow_is_a_dead_letter_with_its_reason(topic, payload, reason):
    letter = judge(topic, payload)
    assert isinstance(letter, DeadLetter)
    assert letter.reason == reason
    assert letter.detail


def test_a_huge_payload_is_cut_and_its_length_kept():
    letter = judge(f"{BASE}/event", b"x" * 1_000_000)
    assert len(letter.payload) == MAX_KEPT_BYTES
    assert letter.payload_bytes == 1_000_000


def test_a_snapshot_is_accepted_as_it_came():
    accepted = judge(f"{BASE}/snapshot/e1", b"\xff\xd8\xff\xe0rest")
    assert isinstance(accepted, Accepted)
    assert accepted.message is None

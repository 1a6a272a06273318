"""The codec's limits: what is refused, with the stable word that dead letters are grouped by."""

from __future__ import annotations

import copy
import json
import pickle
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_edge.contracts.codec import STRUCTS, decode, encode
from skerry_edge.contracts.errors import WireError
from skerry_edge.contracts.messages import MAX_JSON_BYTES, Desired, Event, Heartbeat, Status

STATUS: dict[str, Any] = {
    "v": 1,
    "id": "e-1",
    "session": "00000007-0123abcd",
    "seq": 3,
    "ts": 5,
    "clock": "synced",
    "state": "online",
}
EVENT: dict[str, Any] = {**STATUS, "kind": "detection", "pipeline": "door", "label": "person"}
HEARTBEAT: dict[str, Any] = {
    **STATUS,
    "board": "b",
    "agent_version": "1",
    "uptime_s": 1.0,
    "cpu_percent": 1.0,
    "memory_used_mb": 1.0,
    "memory_total_mb": 1.0,
    "disk_free_mb": 1.0,
}


def refusal(kind: str, payload: bytes) -> WireError:
    with pytest.raises(WireError) as caught:
        decode(kind, payload)
    return caught.value


def status_with(**changes: object) -> bytes:
    return json.dumps({**STATUS, **changes}).encode()


@pytest.mark.parametrize("field", STATUS)
def test_a_missing_field_is_refused_and_named(field: str) -> None:
    payload = json.dumps({key: value for key, value in STATUS.items() if key != field}).encode()
    error = refusal("status", payload)
    assert error.reason == "schema"
    assert f"`{field}`" in (error.found or "")


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"v": "1"},
        {"id": ""},
        {"id": "e/1"},
        {"id": "e-1\n"},
        {"id": "x" * 65},
        {"session": "7-0123abcd"},
        {"session": "00000007-0123ABCD"},
        {"session": "00000007-0123abcd\n"},
        {"session": "\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0667-0123abcd"},
        {"seq": -1},
        {"seq": 1.5},
        {"seq": True},
        {"seq": 2**53 + 1},
        {"ts": 10**400},
        {"ts": None},
        {"clock": "maybe"},
        {"replayed": "yes"},
        {"state": "asleep"},
        {"reason": "x" * 4097},
        {"reason": 5},
    ],
    ids=repr,
)
def test_a_value_outside_the_contract_is_refused(changes: dict[str, object]) -> None:
    assert refusal("status", status_with(**changes)).reason == "schema"


@pytest.mark.parametrize("change", [{"score": 1.01}, {"score": -0.1}, {"box": [0, 0, 1]}, {"box": [0, 0, 1, "1"]}])
def test_an_event_s_score_and_box_are_checked(change: dict[str, object]) -> None:
    assert refusal("event", json.dumps({**EVENT, **change}).encode()).reason == "schema"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"no",
        b"\x00",
        b"\xef\xbb\xbf{}",
        status_with() + b"{}",
        b'{"v":1',
        status_with().replace(b'"online"', b"NaN"),
        status_with().replace(b"5", b"Infinity"),
        status_with().replace(b"online", b"on\xff\xfeline"),
        status_with(extra="x").replace(b'"x"', b'"\xff"'),
        status_with(extra="x").replace(b'"x"', b'"\\ud800"'),
        status_with().decode().encode("utf-16"),
        status_with(extra="x").replace(b'"x"', b"[" * 20_000 + b"]" * 20_000),
    ],
    ids=lambda payload: repr(payload[:24]),
)
def test_bytes_that_are_no_utf8_json_are_refused(payload: bytes) -> None:
    assert refusal("status", payload).reason == "encoding"


@pytest.mark.parametrize(
    "payload", [b"null", b"[]", b'"status"', b"5", b"{}", b"[" * 60_000], ids=lambda p: repr(p[:9])
)
def test_json_that_is_no_message_is_refused(payload: bytes) -> None:
    assert refusal("status", payload).reason == "schema"


def test_a_number_that_no_float_holds_is_refused() -> None:
    payload = json.dumps(HEARTBEAT).encode().replace(b'"uptime_s": 1.0', b'"uptime_s": 1e999')
    assert refusal("heartbeat", payload).reason == "schema"


def test_of_a_field_given_twice_the_last_counts_as_in_every_json_parser_here() -> None:
    payload = status_with().replace(b'"online"', b'"online", "state": "offline"')
    assert decode("status", payload) == Status(**{**STATUS, "state": "offline"})


def test_the_largest_message_passes_and_one_byte_more_does_not() -> None:
    at_limit = status_with(extra="x" * (MAX_JSON_BYTES - len(status_with(extra=""))))
    assert len(at_limit) == MAX_JSON_BYTES
    decode("status", at_limit)
    assert refusal("status", at_limit + b" ").reason == "oversize"


@pytest.mark.parametrize("kind", ["snapshot", "", "Status", "status/x", "nonsense"])
def test_a_kind_without_a_json_message_is_refused(kind: str) -> None:
    assert refusal(kind, b"{}").reason == "topic"


@given(st.sampled_from(sorted(STRUCTS)), st.binary(max_size=300))
def test_no_bytes_whatever_raise_anything_but_a_wire_error(kind: str, payload: bytes) -> None:
    assert refusal(kind, payload).reason in ("encoding", "schema")


@given(st.sampled_from(sorted(STRUCTS)), st.integers(0, 400), st.binary(min_size=1, max_size=4))
def test_a_damaged_message_is_refused_or_still_fits(kind: str, position: int, junk: bytes) -> None:
    payload = bytearray(json.dumps({**HEARTBEAT, **EVENT, "version": 1, "command": "c", "ok": True}).encode())
    payload[position : position + len(junk)] = junk
    with suppress(WireError):
        decode(kind, bytes(payload))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_json_lacks_is_refused_before_it_is_sent(value: float) -> None:
    for message in (Heartbeat(**{**HEARTBEAT_FIELDS, "uptime_s": value}), Heartbeat(**HEARTBEAT_FIELDS, cpu_mhz=value)):
        with pytest.raises(WireError) as caught:
            encode(message)
        assert caught.value.reason == "schema"


HEARTBEAT_FIELDS = {key: value for key, value in HEARTBEAT.items() if key != "state"}


@pytest.mark.parametrize("change", [{"label": ""}, {"label": "x" * 129}, {"score": 2.0}, {"session": "new"}])
def test_what_the_receiver_would_refuse_is_refused_by_the_sender(change: dict[str, Any]) -> None:
    fields = {key: value for key, value in EVENT.items() if key != "state"}
    with pytest.raises(WireError) as caught:
        encode(Event(**{**fields, **change}))
    assert caught.value.reason == "schema"


def test_a_message_over_the_limit_is_refused_by_the_sender() -> None:
    with pytest.raises(WireError) as caught:
        encode(Desired(v=1, version=1, ts=1, config={"text": "x" * MAX_JSON_BYTES}))
    assert caught.value.reason == "oversize"


def test_a_refusal_can_be_copied_and_sent_to_another_process_whole() -> None:
    error = WireError("topic", "no such topic", where="here", found="'x'")
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (twin.reason, str(twin)) == (error.reason, str(error))


def test_json_that_is_nested_too_deeply_is_called_so():
    assert "nested too deeply" in str(refusal("event", b'{"x":' + b"[" * 20_000))

"""Every message as its exact bytes, so that no change of the wire goes unnoticed, and there and back for all values."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_edge.contracts.codec import STRUCTS, Payload, decode, encode
from skerry_edge.contracts.messages import (
    STAGES,
    Command,
    CommandResult,
    Desired,
    Event,
    Heartbeat,
    PipelineVitals,
    Quantiles,
    Sight,
    State,
    Status,
    UpdateOrder,
    session_order,
)
from skerry_edge.contracts.updates import UpdateReport
from skerry_edge.contracts.vitals import Temperature

STAMP: dict[str, Any] = {
    "v": 1,
    "id": "e-1",
    "session": "00000007-0123abcd",
    "seq": 3,
    "ts": 1_700_000_000_123,
    "clock": "synced",
}
STAMPED = b'"v":1,"id":"e-1","session":"00000007-0123abcd","seq":3,"ts":1700000000123,"clock":"synced"'

GOLDEN: dict[str, tuple[Payload, bytes]] = {
    "status": (Status(**STAMP, state="online"), b'"state":"online"'),
    "status of a will": (
        Status(**{**STAMP, "seq": 0}, state="offline", reason="connection lost"),
        (
            b'{"v":1,"id":"e-1","session":"00000007-0123abcd","seq":0,"ts":1700000000123,"clock":"synced",'
            b'"state":"offline","reason":"connection lost"}'
        ),
    ),
    "heartbeat": (
        Heartbeat(
            **STAMP,
            board="raspberry-pi-5",
            agent_version="0.1.0",
            uptime_s=12.5,
            cpu_percent=40.0,
            memory_used_mb=100.0,
            memory_total_mb=4096.0,
            disk_free_mb=9000.0,
            temperature_c=51.5,
            cpu_mhz=2400.0,
            throttled=False,
            outbox_depth=2,
            outbox_dropped=1,
            pipelines=[
                PipelineVitals(
                    name="door",
                    model="m",
                    model_version="1.0.0",
                    backend="onnx",
                    state="running",
                    frames=300,
                    errors=1,
                    drops={"late": 4},
                    stages_ms={"inference": Quantiles(p50=1.5, p95=2.0, p99=3.25)},
                )
            ],
        ),
        (
            b'"board":"raspberry-pi-5","agent_version":"0.1.0","uptime_s":12.5,"cpu_percent":40.0,"memory_used_mb":100.0,'
            b'"memory_total_mb":4096.0,"disk_free_mb":9000.0,"temperature_c":51.5,"cpu_mhz":2400.0,"throttled":false,'
            b'"outbox_depth":2,"outbox_dropped":1,"pipelines":[{"name":"door","model":"m","model_version":"1.0.0",'
            b'"backend":"onnx","state":"running","frames":300,"errors":1,"drops":{"late":4},'
            b'"stages_ms":{"inference":{"p50":1.5,"p95":2.0,"p99":3.25}}}]'
        ),
    ),
    "heartbeat of a machine that can tell little": (
        Heartbeat(
            **STAMP,
            board="generic-x86",
            agent_version="0.1.0",
            uptime_s=0.0,
            cpu_percent=0.0,
            memory_used_mb=1.0,
            memory_total_mb=2.0,
            disk_free_mb=3.0,
        ),
        (
            b'"board":"generic-x86","agent_version":"0.1.0","uptime_s":0.0,"cpu_percent":0.0,"memory_used_mb":1.0,'
            b'"memory_total_mb":2.0,"disk_free_mb":3.0'
        ),
    ),
    "heartbeat of a machine that tells all": (
        Heartbeat(
            **STAMP,
            board="jetson-orin-nano",
            agent_version="0.1.0",
            uptime_s=1.0,
            cpu_percent=0.0,
            memory_used_mb=1.0,
            memory_total_mb=2.0,
            disk_free_mb=3.0,
            temperature_c=-4.5,
            temperature_trip_c=80.0,
            temperatures=[
                Temperature(name="cpu-thermal", value_c=-4.5, trip_c=80.0),
                Temperature(name="tj", value_c=1.0),
            ],
            cpu_limit_mhz=1000.0,
            cpu_max_mhz=1500.0,
            throttled=True,
            throttled_since_boot=True,
            undervoltage=False,
            undervoltage_since_boot=True,
            power_mode="15W",
            power_w=4.5,
            rails_w={"VDD_IN": 4.5},
            load_1min=0.5,
            cpu_pressure_percent=1.0,
            memory_pressure_percent=0.0,
            io_pressure_percent=2.0,
            swap_used_mb=0.0,
            swap_total_mb=100.0,
            disk_total_mb=30000.0,
            disk_inodes_free_percent=98.0,
            disk_read_only=False,
            disk_life_used_percent=10.0,
            disk_errors=0,
            network_interface="wlan0",
            network_mbit=72.0,
            wifi_signal_dbm=-51.0,
            agent_uptime_s=9.0,
            reboots_unexpected=0,
            agent_crashes=2,
            crash_free_s=9.0,
            versions={"kernel": "6.6"},
            sensors={"greenhouse_c": 21.5},
            stuck_sensors=["soil_percent"],
            outbox_bytes=0,
            outbox_oldest_s=0.0,
        ),
        (
            b'"board":"jetson-orin-nano","agent_version":"0.1.0","uptime_s":1.0,"cpu_percent":0.0,"memory_used_mb":1.0,'
            b'"memory_total_mb":2.0,"disk_free_mb":3.0,"temperature_c":-4.5,"temperature_trip_c":80.0,'
            b'"temperatures":[{"name":"cpu-thermal","value_c":-4.5,"trip_c":80.0},{"name":"tj","value_c":1.0}],'
            b'"cpu_limit_mhz":1000.0,"cpu_max_mhz":1500.0,"throttled":true,"throttled_since_boot":true,'
            b'"undervoltage":false,"undervoltage_since_boot":true,"power_mode":"15W","power_w":4.5,'
            b'"rails_w":{"VDD_IN":4.5},"load_1min":0.5,"cpu_pressure_percent":1.0,"memory_pressure_percent":0.0,'
            b'"io_pressure_percent":2.0,"swap_used_mb":0.0,"swap_total_mb":100.0,"disk_total_mb":30000.0,'
            b'"disk_inodes_free_percent":98.0,"disk_read_only":false,"disk_life_used_percent":10.0,"disk_errors":0,'
            b'"network_interface":"wlan0","network_mbit":72.0,"wifi_signal_dbm":-51.0,"agent_uptime_s":9.0,'
            b'"reboots_unexpected":0,"agent_crashes":2,"crash_free_s":9.0,"versions":{"kernel":"6.6"},'
            b'"sensors":{"greenhouse_c":21.5},"stuck_sensors":["soil_percent"],"outbox_bytes":0,"outbox_oldest_s":0.0'
        ),
    ),
    "event of a detection": (
        Event(
            **STAMP,
            replayed=True,
            kind="detection",
            pipeline="door",
            label="person",
            score=0.75,
            box=(0.1, 0.2, 0.5, 0.9),
            phase="begin",
            model="m",
            model_version="1.0.0",
            latency_ms=41.5,
        ),
        (
            b'"replayed":true,"kind":"detection","pipeline":"door","label":"person","score":0.75,"box":[0.1,0.2,0.5,0.9],'
            b'"phase":"begin","model":"m","model_version":"1.0.0","latency_ms":41.5'
        ),
    ),
    "event of a wake word": (
        Event(**STAMP, kind="wakeword", pipeline="ear", label="Alexa", score=0.98),
        b'"kind":"wakeword","pipeline":"ear","label":"Alexa","score":0.98',
    ),
    "event of the system": (
        Event(**STAMP, kind="system", pipeline="door", label="inference-error", message="failed: „é“"),
        (
            b'"kind":"system","pipeline":"door","label":"inference-error","message":"failed: \xe2\x80\x9e\xc3\xa9\xe2'
            b'\x80\x9c"'
        ),
    ),
    "state": (
        State(
            **STAMP,
            config_version=4,
            config_sha256="ab",
            models={"door": "m@1.0.0"},
            slots={"agent": "a"},
            counts={"door": {"person": 2}},
        ),
        (
            b'"config_version":4,"config_sha256":"ab","models":{"door":"m@1.0.0"},"slots":{"agent":"a"},'
            b'"counts":{"door":{"person":2}}'
        ),
    ),
    "result": (
        CommandResult(**STAMP, command="c-9", ok=True, message="pong", output={"a": "b"}),
        b'"command":"c-9","ok":true,"message":"pong","output":{"a":"b"}',
    ),
    "update": (
        UpdateReport(
            **STAMP,
            order="r-1",
            kind="model",
            name="signs",
            from_version="1.0.0",
            to_version="2.0.0",
            state="download",
            outcome="under-way",
            progress_bytes=10,
            total_bytes=20,
        ),
        (
            b'"order":"r-1","kind":"model","name":"signs","from_version":"1.0.0","to_version":"2.0.0",'
            b'"state":"download","outcome":"under-way","progress_bytes":10,"total_bytes":20'
        ),
    ),
    "desired with an update": (
        Desired(
            v=1,
            version=5,
            ts=1,
            updates={"model/signs": UpdateOrder(id="r-1", version="2.0.0", counter=7, probation_s=60, deadline_s=3600)},
        ),
        (
            b'{"v":1,"version":5,"ts":1,"updates":{"model/signs":{"id":"r-1","version":"2.0.0","counter":7,'
            b'"probation_s":60,"deadline_s":3600}}}'
        ),
    ),
    "desired": (
        Desired(v=1, version=5, ts=1_700_000_000_000, config={"fps": 5}, models={"door": "m@2"}),
        b'{"v":1,"version":5,"ts":1700000000000,"config":{"fps":5},"models":{"door":"m@2"}}',
    ),
    "command": (
        Command(v=1, id="c-9", name="ping", ts=1, expires_ts=2, args={"x": "y"}),
        b'{"v":1,"id":"c-9","name":"ping","ts":1,"expires_ts":2,"args":{"x":"y"}}',
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_message_has_these_bytes_and_no_others(name: str) -> None:
    message, expected = GOLDEN[name]
    if not expected.startswith(b"{"):
        expected = b"{" + STAMPED + b"," + expected + b"}"
    assert encode(message) == expected
    assert decode(name.split(maxsplit=1)[0], expected) == message


def test_every_kind_has_golden_bytes() -> None:
    assert {name.split()[0] for name in GOLDEN} == set(STRUCTS)


short = st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable())
counts = st.integers(0, 2**53)
finite = st.floats(allow_nan=False, allow_infinity=False)
shares = st.floats(0, 1)
ids = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
stamp = st.fixed_dictionaries(
    {
        "v": st.just(1),
        "id": ids,
        "session": st.from_regex(r"[0-9]{8,12}-[0-9a-f]{8}", fullmatch=True),
        "seq": counts,
        "ts": counts,
        "clock": st.sampled_from(["synced", "unsynced"]),
        "replayed": st.booleans(),
    }
)
quantiles = st.builds(Quantiles, p50=finite, p95=finite, p99=finite)
vitals = st.builds(
    PipelineVitals,
    name=short,
    model=short,
    model_version=short,
    backend=short,
    state=st.sampled_from(["starting", "running", "failing", "ended"]),
    frames=counts,
    errors=counts,
    drops=st.dictionaries(short, counts, max_size=3),
    stages_ms=st.dictionaries(st.sampled_from(STAGES), quantiles, max_size=3),
)


def stamped(struct: type[Payload], /, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Payload]:
    return st.builds(lambda base, rest: struct(**base, **rest), stamp, st.fixed_dictionaries(fields))


some_text = st.none() | st.text(max_size=50)
messages = st.one_of(
    stamped(Status, state=st.sampled_from(["online", "degraded", "offline"]), reason=some_text),
    stamped(
        Heartbeat,
        board=short,
        agent_version=short,
        uptime_s=finite,
        cpu_percent=finite,
        memory_used_mb=finite,
        memory_total_mb=finite,
        disk_free_mb=finite,
        temperature_c=st.none() | finite,
        cpu_mhz=st.none() | finite,
        throttled=st.none() | st.booleans(),
        undervoltage=st.none() | st.booleans(),
        temperatures=st.lists(
            st.builds(Temperature, name=short, value_c=finite, trip_c=st.none() | finite), max_size=3
        ),
        sensors=st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,47}", fullmatch=True), finite, max_size=3),
        versions=st.dictionaries(short, short, max_size=3),
        outbox_depth=counts,
        outbox_bytes=st.none() | counts,
        pipelines=st.lists(vitals, max_size=2),
    ),
    stamped(
        Event,
        kind=st.sampled_from(["detection", "wakeword", "system"]),
        pipeline=short,
        label=short,
        score=st.none() | shares,
        box=st.none() | st.tuples(finite, finite, finite, finite),
        phase=st.sampled_from(["instant", "begin", "update", "end"]),
        latency_ms=st.none() | finite,
        message=some_text,
        track=st.none() | short,
        began=st.none() | counts,
        zones=st.lists(short, max_size=3).map(tuple),
        before=st.none()
        | st.builds(
            Sight, score=shares, box=st.tuples(finite, finite, finite, finite), zones=st.lists(short).map(tuple)
        ),
    ),
    stamped(
        State,
        config_version=counts,
        config_sha256=st.text(max_size=64),
        models=st.dictionaries(short, short, max_size=3),
        counts=st.dictionaries(short, st.dictionaries(short, counts, max_size=3), max_size=3),
    ),
    stamped(
        CommandResult,
        command=ids,
        ok=st.booleans(),
        message=some_text,
        output=st.dictionaries(short, st.text(max_size=20), max_size=3),
    ),
    st.builds(
        Desired,
        v=st.just(1),
        version=counts,
        ts=counts,
        config=st.dictionaries(short, st.none() | st.booleans() | st.integers(-(2**53), 2**53) | short, max_size=3),
    ),
    st.builds(
        Command,
        v=st.just(1),
        id=ids,
        name=st.sampled_from(["rebirth", "snapshot", "logs", "restart", "ping"]),
        ts=counts,
        expires_ts=counts,
        args=st.dictionaries(short, short, max_size=3),
    ),
)
KIND_OF = {struct: kind for kind, struct in STRUCTS.items()}


@given(messages)
def test_a_message_comes_back_as_it_was_sent(message: Payload) -> None:
    assert decode(KIND_OF[type(message)], encode(message)) == message


@given(messages, st.dictionaries(st.text(min_size=1, max_size=8).map(lambda key: f"x{key}"), st.integers(), max_size=3))
def test_fields_of_a_later_version_are_ignored(message: Payload, extra: dict[str, int]) -> None:
    tree = msgspec.json.decode(encode(message))
    assert decode(KIND_OF[type(message)], msgspec.json.encode({**extra, **tree})) == message


def test_a_session_is_ordered_by_its_start_counter_not_by_its_digits() -> None:
    assert session_order("00000009-ffffffff") < session_order("00000010-00000000") < session_order("100000000-00000000")

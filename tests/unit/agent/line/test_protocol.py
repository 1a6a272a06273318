"""The lines between parent and child."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_edge.agent.config.pipelines import SyntheticPipeline
from skerry_edge.agent.line.line_buffer import LineBuffer
from skerry_edge.agent.line.protocol import (
    MAX_LINE_BYTES,
    Counts,
    Ended,
    Failed,
    Finding,
    Picture,
    Progress,
    ProtocolError,
    Ready,
    Report,
    Start,
    decode_report,
    decode_start,
    encode_line,
)
from skerry_edge.contracts.messages import Sight
from skerry_edge.contracts.snapshots import MAX_SNAPSHOT_BYTES

REPORTS: list[Report] = [
    Ready(model="discs", model_version="1.0.0", backend="onnx"),
    Progress(frames=3, errors=1, drops={"busy": 2}, stages_ms={"inference": 12.5}),
    Progress(),
    Finding(kind="detection", label="car", ts=1, decided_ns=2, score=0.5, box=(0.0, 0.1, 0.2, 0.3), latency_ms=4.0),
    Finding(kind="detection", label="car", ts=1, decided_ns=2, snapshot=bytes(range(256))),
    Finding(
        kind="detection",
        label="car",
        ts=9,
        decided_ns=2,
        phase="update",
        track="1f0c-7",
        began=1,
        zones=("drive",),
        before=Sight(score=0.5, box=(0.0, 0.1, 0.2, 0.3)),
    ),
    Counts(everywhere={"car": 1}, zones={"drive": {"car": 0}}),
    Picture(order="a-1", jpeg=b"\xff\xd8\xff"),
    Picture(order="a-2", reason="no picture has been seen yet"),
    Finding(kind="system", label="inference-error", ts=1, decided_ns=2, message="two\nlines"),
    Failed(reason="the model file is damaged"),
    Ended(),
]


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: type(report).__name__)
def test_a_report_survives_the_way_to_the_parent(report: Report) -> None:
    line = encode_line(report)
    assert line.count(b"\n") == 1
    assert decode_report(line) == report


def test_the_largest_snapshot_fits_into_a_line_beside_the_largest_text() -> None:
    finding = Finding(
        kind="system", label="x" * 128, ts=1, decided_ns=2, message="\x01" * 4096, snapshot=bytes(MAX_SNAPSHOT_BYTES)
    )
    assert decode_report(encode_line(finding)) == finding


def test_a_snapshot_too_large_is_refused() -> None:
    line = encode_line(Finding(kind="system", label="x", ts=1, decided_ns=2, snapshot=bytes(MAX_SNAPSHOT_BYTES + 1)))
    with pytest.raises(ProtocolError, match="snapshot"):
        decode_report(line)


def test_the_order_survives_the_way_to_the_child() -> None:
    start = Start(pipeline=SyntheticPipeline(name="ghost", fault="hang"), log_level="INFO")
    assert decode_start(encode_line(start)) == start


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"hello",
        b"{}",
        b'{"type":"Nothing"}',
        b'{"type":"Progress","frames":-1}',
        b'{"type":"Finding","kind":"opinion","label":"car","ts":1,"decided_ns":2}',
        b"\xff\xfe",
        b"[" * 60_000,
    ],
)
def test_a_line_that_is_no_report_is_refused(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_report(line)


def test_a_report_too_long_for_a_line_is_not_sent() -> None:
    with pytest.raises(ProtocolError, match="too long"):
        encode_line(Progress(drops={str(index): 1 for index in range(MAX_LINE_BYTES // 8)}))


@given(lines=st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line), max_size=8), data=st.data())
def test_lines_come_out_whole_whatever_pieces_they_come_in(lines: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    buffer, found, position = LineBuffer(), [], 0
    while position < len(stream):
        size = data.draw(st.integers(1, len(stream) - position))
        found += buffer.feed(stream[position : position + size])
        position += size
    assert found == lines


def test_a_line_without_an_end_is_refused_when_it_is_too_long() -> None:
    buffer = LineBuffer(max_bytes=100)
    assert buffer.feed(b"x" * 100) == []
    with pytest.raises(ProtocolError, match="too long"):
        buffer.feed(b"x")

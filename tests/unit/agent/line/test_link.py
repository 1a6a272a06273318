"""The child's side of the line."""

from __future__ import annotations

import pytest

from skerry_edge.agent.config.pipelines import SyntheticPipeline
from skerry_edge.agent.line.link import MAX_NAME_CHARS, MAX_TEXT_CHARS
from skerry_edge.agent.line.protocol import (
    Ended,
    Failed,
    Finding,
    Progress,
    ProtocolError,
    Ready,
    Start,
    TakeSnapshot,
    encode_line,
)


def test_reports_arrive_in_the_order_in_which_they_were_made(ends) -> None:
    link, parent = ends
    link.ready(model="discs", model_version="1.0.0", backend="onnx")
    link.progress(frames=1, stages_ms={"inference": 1.23456})
    link.find("detection", "car", ts_ms=5, score=0.123456, box=(0.0, 0.0, 1.0, 1.0), latency_ms=2.00049)
    link.ended()
    ready, progress, finding, ended = parent.reports()
    assert ready == Ready(model="discs", model_version="1.0.0", backend="onnx")
    assert progress == Progress(frames=1, stages_ms={"inference": 1.235})
    assert isinstance(finding, Finding)
    assert (finding.label, finding.ts, finding.score, finding.latency_ms) == ("car", 5, 0.1235, 2.0)
    assert finding.decided_ns > 0
    assert ended == Ended()


def test_a_reason_goes_without_its_secrets_and_not_too_long(ends) -> None:
    link, parent = ends
    link.failed("rtsp://admin:hunter2@camera/1 is away " + "x" * 5000, "elsewhere")
    (failed,) = parent.reports()
    assert isinstance(failed, Failed)
    assert "hunter2" not in failed.reason
    assert len(failed.reason) == MAX_TEXT_CHARS


def test_a_label_is_made_to_fit_the_contract(ends) -> None:
    link, parent = ends
    link.find("detection", "x" * 500, ts_ms=1)
    link.find("detection", "", ts_ms=1)
    assert [finding.label for finding in parent.reports()] == ["x" * MAX_NAME_CHARS, "unnamed"]


def test_the_order_may_come_in_pieces(ends) -> None:
    link, parent = ends
    start = Start(pipeline=SyntheticPipeline(name="ghost"), log_level="DEBUG")
    line = encode_line(start)
    parent.line.sendall(line[:10])
    parent.line.sendall(line[10:])
    assert link.receive_start() == start


def test_a_parent_that_hangs_up_gives_no_order(ends) -> None:
    link, parent = ends
    parent.line.close()
    with pytest.raises(ProtocolError, match="said nothing"):
        link.receive_start()


def test_a_report_to_a_parent_that_is_gone_is_an_error_to_the_caller(ends) -> None:
    link, parent = ends
    parent.line.close()
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        link.progress()


def test_what_the_parent_orders_later_is_read_without_waiting(ends) -> None:
    link, parent = ends
    start = Start(pipeline=SyntheticPipeline(name="ghost"), log_level="INFO")
    parent.line.sendall(encode_line(start) + encode_line(TakeSnapshot(order="a")))
    assert link.receive_start() == start
    parent.line.sendall(encode_line(TakeSnapshot(order="b")))
    assert [one.order for one in link.orders()] == ["a", "b"]
    assert link.orders() == []

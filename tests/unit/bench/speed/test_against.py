"""A benchmark against an earlier one: real regressions, chance, margins, and what cannot be compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import pytest

from skerry_edge.bench.speed.against import check_comparable, compare
from skerry_edge.bench.speed.result import Against, Row, SpeedReport
from skerry_edge.foundation.errors import ConfigError

MakeRow = Callable[..., Row]
MakeReport = Callable[..., SpeedReport]
MARGIN = 0.05


def noisy(centre: float, *, seed: int, count: int = 12, width: float = 0.02) -> Sequence[Sequence[float]]:
    random = np.random.default_rng(seed)
    return [list(random.normal(centre, centre * width, 30)) for _ in range(count)]


@pytest.fixture
def against(measured_row: MakeRow, report: MakeReport) -> Callable[..., Against]:
    """Return a function that compares a row of blocks with a row of earlier blocks."""

    def run(now: Row, then: Row | None = None) -> Against:
        base = report(then or measured_row(noisy(10.0, seed=1)))
        return compare(base, "base.json", report(now), MARGIN)

    return run


def test_a_row_that_is_slower_beyond_margin_and_chance_is_a_regression(against, measured_row) -> None:
    (change,) = against(measured_row(noisy(11.5, seed=2))).changes
    assert change.verdict == "regression"
    assert change.ratio == pytest.approx(1.15, abs=0.01)
    assert change.low is not None
    assert change.low > 1.1


def test_a_row_that_is_as_fast_is_none(against, measured_row) -> None:
    (change,) = against(measured_row(noisy(10.0, seed=2))).changes
    assert change.verdict == "no change"


def test_a_row_that_is_surely_slower_but_within_the_margin_is_none(against, measured_row) -> None:
    (change,) = against(measured_row(noisy(10.3, seed=2))).changes
    assert change.verdict == "no change"
    assert change.low is not None
    assert change.low > 1


def test_a_row_that_may_be_slower_by_chance_is_none(against, measured_row) -> None:
    jumping = [[10.0] * 10, [12.0] * 10, [9.0] * 10, [13.0] * 10, [10.7] * 10]
    (change,) = against(measured_row(jumping), measured_row(noisy(10.0, seed=1))).changes
    assert change.ratio is not None
    assert change.low is not None
    assert change.ratio > 1 + MARGIN
    assert change.low < 1
    assert change.verdict == "no change"


def test_a_faster_row_is_an_improvement(against, measured_row) -> None:
    (change,) = against(measured_row(noisy(8.0, seed=2))).changes
    assert change.verdict == "improvement"


def test_a_disturbed_run_that_is_slower_proves_nothing(against, measured_row) -> None:
    (change,) = against(measured_row(noisy(11.5, seed=2), disturbed=("load",))).changes
    assert change.verdict == "not compared"
    assert "measure again" in str(change.reason)


def test_a_disturbed_run_that_is_no_slower_is_no_regression(against, measured_row) -> None:
    (change,) = against(measured_row(noisy(10.0, seed=2), disturbed=("load",))).changes
    assert change.verdict == "no change"


def test_a_run_that_is_slower_than_a_disturbed_one_is_a_regression_all_the_same(against, measured_row) -> None:
    then = measured_row(noisy(10.0, seed=1), disturbed=("load",))
    assert against(measured_row(noisy(11.5, seed=2)), then).changes[0].verdict == "regression"
    assert against(measured_row(noisy(10.0, seed=2)), then).changes[0].verdict == "not compared"


def test_rows_of_only_one_side_are_told(against, measured_row) -> None:
    changes = against(measured_row(variant="onnx-fp32"), measured_row()).changes
    assert [(one.variant, one.verdict, one.reason) for one in changes] == [
        ("onnx-fp32", "not compared", "it is not in the earlier result"),
        ("tflite-int8", "not compared", "it is not measured now"),
    ]


def test_a_row_that_failed_then_is_told_with_its_reason(against, measured_row) -> None:
    then = measured_row(outcome="failed", reason="the process crashed", blocks_ms=())
    (change,) = against(measured_row(), then).changes
    assert change.reason == "failed then: the process crashed"


def test_too_few_blocks_for_an_interval_are_told(against, measured_row) -> None:
    (change,) = against(measured_row(noisy(20.0, seed=2, count=2))).changes
    assert change.verdict == "not compared"
    assert "--duration" in str(change.reason)


def test_versions_that_differ_are_told(measured_row, report) -> None:
    base = report(measured_row(version="0.9.0"), versions={"skerry": "0.0.9", "onnxruntime": "1"})
    found = compare(base, "base.json", report(measured_row()), MARGIN).differences
    assert found == ("onnxruntime was 1, is absent", "skerry was 0.0.9, is 0.1.0", "signs was 0.9.0, is 1.0.0")


@pytest.mark.parametrize(("field", "other"), [("processor", "Another"), ("cores", 8), ("board", None)])
def test_a_result_of_another_machine_is_refused(measured_row, report, field: str, other: object) -> None:
    base, row = report(measured_row()), measured_row()
    machine = msgspec.structs.replace(base.machine, **{field: other})
    with pytest.raises(ConfigError, match=f"another {field}"):
        check_comparable(base, "base.json", machine, base.input, [row.key])


def test_a_result_of_another_input_is_refused(measured_row, report) -> None:
    base, row = report(measured_row()), measured_row()
    other = msgspec.structs.replace(base.input, sha256="11", width_px=640)
    with pytest.raises(ConfigError, match="other pictures"):
        check_comparable(base, "base.json", base.machine, other, [row.key])


def test_a_result_without_any_of_the_rows_is_refused(measured_row, report) -> None:
    base = report(measured_row(model="discs"))
    with pytest.raises(ConfigError, match="none of these rows") as raised:
        check_comparable(base, "base.json", base.machine, base.input, [measured_row().key])
    assert "discs tflite-int8, 2 threads on litert" in str(raised.value)

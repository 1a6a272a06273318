"""Rows of a benchmark and accuracies, written down by the few figures that a recommendation looks at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from skerry_edge.bench.recommendation.accuracy import Accuracies, Quality
from skerry_edge.bench.recommendation.judging import judge_rows
from skerry_edge.bench.recommendation.result import AccuracySource, Candidate, Drop, Wanted
from skerry_edge.bench.speed.result import Machine, Row, Spread

REFERENCE_AP50 = 0.9


@pytest.fixture
def wanted() -> Callable[..., Wanted]:
    """Return a function that gives what is wanted: 20 a second with at most 1 point lost, unless told otherwise."""

    def make(*, fps: float = 20.0, drop: float = 1.0, quantile: Any = "p95", board: str | None = None) -> Wanted:
        return Wanted(fps=fps, max_drop_points=drop, quantile=quantile, board=board)

    return make


@pytest.fixture
def row() -> Callable[..., Row]:
    """Return a function that gives a row by its variant and p95; without one it was not measured."""

    def make(variant: str, p95_ms: float | None = None, **changed: Any) -> Row:
        given: dict[str, Any] = {
            "model": "signs",
            "version": "1.0.0",
            "variant": variant,
            "backend": "onnx",
            "threads": 0,
            "outcome": "measured" if p95_ms else "failed",
            "size_bytes": 1000,
        }
        if p95_ms is None:
            given["reason"] = "the process crashed"
        else:
            given["stages_ms"] = {
                "end_to_end": Spread(p50=p95_ms * 0.8, p90=p95_ms * 0.9, p95=p95_ms, p99=p95_ms * 1.5, max=p95_ms * 2.0)
            }
        return Row(**given | changed)

    return make


@pytest.fixture
def accuracies() -> Callable[..., Accuracies]:
    """Return a function that gives accuracies by drops: points, or (points, low, high)."""

    def make(**drops: float | tuple[float, float | None, float | None]) -> Accuracies:
        known = {}
        for name, given in drops.items():
            points, low, high = given if isinstance(given, tuple) else (given, given, given)
            known[name.replace("_", "-")] = Quality(
                ap50=REFERENCE_AP50 - points / 100, drop=Drop(points=points, low=low, high=high)
            )
        source = AccuracySource(source="a table", images=100, reference="fp32", reference_ap50=REFERENCE_AP50)
        return Accuracies(source=source, known=known, missing={})

    return make


@pytest.fixture
def machine() -> Callable[..., Machine]:
    """Return a function that gives a machine by its device tree's model and its architecture."""

    def make(board: str | None = None, architecture: str = "aarch64") -> Machine:
        return Machine(
            processor="some processor",
            architecture=architecture,
            cores=4,
            memory_mb=8000,
            features=(),
            board=board,
            governor=None,
            system="Linux 6.12",
            load_1min=0.0,
        )

    return make


@pytest.fixture
def judged(wanted: Callable[..., Wanted]) -> Callable[..., tuple[Candidate, ...]]:
    """Return a function that judges rows whose variants are ONNX files, unless ``formats`` says otherwise."""

    def judge(
        rows: list[Row],
        known: Accuracies,
        limits: Wanted | None = None,
        target: Any = None,
        formats: dict[str, str] | None = None,
    ) -> tuple[Candidate, ...]:
        told = {row.variant: "onnx" for row in rows} | (formats or {})
        return judge_rows(rows, told, known, limits or wanted(), target)

    return judge

"""Rows held against what is wanted: what each candidate fails, what is not certain, and which are on the front."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from skerry_edge.bench.recommendation.accuracy import Accuracies, Quality
from skerry_edge.bench.recommendation.boards import Target, obstacle
from skerry_edge.bench.recommendation.front import on_front
from skerry_edge.bench.recommendation.phrases import allowance, milliseconds, points, span
from skerry_edge.bench.recommendation.result import Candidate, Drop, Problem, Wanted
from skerry_edge.bench.speed.result import Row


def judge_rows(
    rows: Sequence[Row],
    formats: Mapping[str, str],
    accuracies: Accuracies,
    wanted: Wanted,
    target: Target | None,
) -> tuple[Candidate, ...]:
    """Return a candidate for each row, in their order; ``formats`` are those of the variants by name.

    The front is that of the candidates that can run where they are wanted and of which both figures are known.
    """
    judged = tuple(_judged(row, formats, accuracies, wanted, target) for row in rows)
    costs = [
        (one, (one.latency_ms, one.drop.points))
        for one in judged
        if one.latency_ms is not None and one.drop is not None and not one.kinds & {"board", "memory"}
    ]
    front = on_front(costs)
    return tuple(msgspec.structs.replace(one, on_front=one in front) for one in judged)


def _judged(
    row: Row, formats: Mapping[str, str], accuracies: Accuracies, wanted: Wanted, target: Target | None
) -> Candidate:
    total = row.stages_ms.get("end_to_end")
    quality = accuracies.known.get(row.variant)
    latency_ms = None if total is None else float(getattr(total, wanted.quantile))
    problems = (
        *_board_problems(row, formats[row.variant], target),
        *_row_problems(row, latency_ms, wanted, target),
        *_accuracy_problems(row.variant, quality, accuracies, wanted),
    )
    return Candidate(
        model=row.model,
        variant=row.variant,
        backend=row.backend,
        threads=row.threads,
        latency_ms=latency_ms,
        p50_ms=None if total is None else total.p50,
        ap50=None if quality is None else quality.ap50,
        drop=None if quality is None else quality.drop,
        peak_memory_mb=row.peak_memory_mb,
        size_bytes=row.size_bytes,
        disturbed=row.disturbed,
        problems=problems,
        cautions=tuple(_cautions(row, quality, wanted)),
    )


def _board_problems(row: Row, model_format: str, target: Target | None) -> Iterator[Problem]:
    if target is None:
        return
    measured = row.outcome == "measured"
    # What ran on the board needs no profile to say that it can.
    if not (measured and target.measured_there) and (reason := obstacle(target.board, model_format)):
        yield Problem(kind="board", words=f"cannot run there: {reason}")
    if target.memory_mb is not None and row.peak_memory_mb is not None and row.peak_memory_mb > target.memory_mb:
        words = f"takes {row.peak_memory_mb:,.0f} MB of memory, {target.board.name} has {target.memory_mb:,.0f}"
        yield Problem(kind="memory", words=words)


def _row_problems(row: Row, latency_ms: float | None, wanted: Wanted, target: Target | None) -> Iterator[Problem]:
    if row.outcome != "measured" or latency_ms is None:
        yield Problem(kind="not measured", words=f"was not measured: {row.reason or row.outcome}")
    # Times of another machine neither prove nor disprove what the board can do.
    elif latency_ms > wanted.limit_ms and (target is None or target.measured_there):
        words = f"takes {milliseconds(latency_ms)} ms, of {milliseconds(wanted.limit_ms)} allowed"
        yield Problem(kind="fps", words=words)


def _accuracy_problems(
    variant: str, quality: Quality | None, accuracies: Accuracies, wanted: Wanted
) -> Iterator[Problem]:
    if quality is None:
        reason = accuracies.missing.get(variant, f"not in {accuracies.source.source}")
        yield Problem(kind="accuracy", words=f"has no known accuracy: {reason}")
    elif quality.drop.points > wanted.max_drop_points:
        words = f"loses {points(quality.drop.points)} points, of {wanted.max_drop_points:g} allowed"
        yield Problem(kind="drop", words=words)


def _cautions(row: Row, quality: Quality | None, wanted: Wanted) -> Iterator[str]:
    if row.disturbed:
        yield f"its times were disturbed: {'; '.join(row.disturbed)}"
    if quality is None or quality.drop.points > wanted.max_drop_points or is_certain(quality.drop, wanted):
        return
    if quality.drop.high is None:
        yield "how certain its drop is was not measured"
    else:
        yield f"its drop may be above {allowance(wanted.max_drop_points)} (95 % interval {span(quality.drop)})"


def is_certain(drop: Drop, wanted: Wanted) -> bool:
    """Tell whether the whole interval of a drop is within what is allowed."""
    return drop.high is not None and drop.high <= wanted.max_drop_points

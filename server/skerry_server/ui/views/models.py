"""Model versions side by side, with what stands out among versions of one model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skerry_server.api.model_comparison import ModelOut
from skerry_server.ui.rows import NOTHING, model_text

RANGES = {"1h": 3_600, "6h": 21_600, "24h": 86_400, "7d": 604_800}
SLOWER = 1.2
"""A version this much slower than the quickest of its model is marked."""
LESS_SURE = 0.05
MORE_DROPS = 0.02


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A figure as text; ``percent`` is its share of the largest in its column, for the bar beside it."""

    text: str
    percent: float = 0.0
    tone: str = "plain"


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelLine:
    """One version of one model."""

    key: str
    model: str
    version: str
    devices: int
    inference: Figure
    inference_p95: Figure
    end_to_end_p95: Figure
    drops: Figure
    errors: Figure
    confidence: Figure
    events: int


def model_lines(found: Sequence[ModelOut]) -> list[ModelLine]:
    """Return the versions, each held against the others of its model."""
    return [_line(one, found) for one in found]


def _line(one: ModelOut, found: Sequence[ModelOut]) -> ModelLine:
    versions = [other for other in found if other.model == one.model]
    shown = model_text(f"{one.model} {one.version}")
    return ModelLine(
        key=f"{one.model} {one.version}",
        model=one.model,
        version=shown.removeprefix(f"{one.model} "),
        devices=one.devices,
        inference=_time(one.inference_p50_ms, [other.inference_p50_ms for other in found]),
        inference_p95=_time(
            one.inference_p95_ms,
            [other.inference_p95_ms for other in found],
            quickest=_least([other.inference_p95_ms for other in versions]),
        ),
        end_to_end_p95=_time(one.end_to_end_p95_ms, [other.end_to_end_p95_ms for other in found]),
        drops=_share(one.drop_share, limit=_above([other.drop_share for other in versions], MORE_DROPS)),
        errors=_share(one.error_share, limit=0.0),
        confidence=_confidence(one.confidence, [other.confidence for other in versions]),
        events=one.events,
    )


def _time(value: float | None, column: Sequence[float | None], *, quickest: float | None = None) -> Figure:
    if value is None:
        return Figure(text=NOTHING)
    largest = max(one for one in column if one is not None)
    tone = "warn" if quickest is not None and value > SLOWER * quickest else "plain"
    return Figure(text=f"{value:,.1f} ms", percent=100 * value / largest if largest > 0 else 0.0, tone=tone)


def _share(value: float | None, *, limit: float) -> Figure:
    if value is None:
        return Figure(text=NOTHING)
    return Figure(text=f"{value:.2%}", percent=100 * min(1.0, value), tone="warn" if value > limit else "plain")


def _confidence(value: float | None, versions: Sequence[float | None]) -> Figure:
    if value is None:
        return Figure(text=NOTHING)
    surest = max(one for one in versions if one is not None)
    return Figure(text=f"{value:.0%}", percent=100 * value, tone="warn" if value < surest - LESS_SURE else "plain")


def _least(column: Sequence[float | None]) -> float | None:
    return min((one for one in column if one is not None), default=None)


def _above(column: Sequence[float | None], margin: float) -> float:
    return (_least(column) or 0.0) + margin

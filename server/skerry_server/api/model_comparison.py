"""Model versions held against each other: what they cost, what they lose, how sure they are. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, Field

from skerry_server.registry.confidence import Confidence
from skerry_server.stores.archive import NS_PER_S, WindowQuery
from skerry_server.stores.base import Point

WINDOWS = 4
MAX_POINTS = 40_000
_FIELDS = (
    "frames",
    "drops",
    "errors",
    "inference_p50_ms",
    "inference_p95_ms",
    "end_to_end_p50_ms",
    "end_to_end_p95_ms",
)


class ModelOut(BaseModel):
    """One model version; a figure that nobody reported is null.

    Latencies are means over devices and time of what each device reported as its median or 95th percentile.
    """

    model: str
    version: str
    devices: int
    inference_p50_ms: float | None
    inference_p95_ms: float | None
    end_to_end_p50_ms: float | None
    end_to_end_p95_ms: float | None
    drop_share: float | None = Field(description="Dropped frames of all that came.")
    error_share: float | None = Field(description="Inferences that failed, of all.")
    events: int
    confidence: float | None = Field(description="Mean score of its events.")


@dataclass(kw_only=True, slots=True)
class _Tally:
    devices: set[str] = field(default_factory=set)
    sums: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, point: Point) -> None:
        self.devices.add(point.tags["device"])
        for name, value in point.fields.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
            self.counts[name] = self.counts.get(name, 0) + 1

    def mean(self, name: str) -> float | None:
        return self.sums[name] / self.counts[name] if name in self.counts else None

    def share(self, name: str, *, of: Iterable[str]) -> float | None:
        whole = sum(self.sums.get(one, 0.0) for one in of)
        return self.sums.get(name, 0.0) / whole if whole > 0 else None


def inference_query(window_s: int, *, until_ns: int) -> WindowQuery:
    """Return what to ask the store for the whole fleet."""
    return WindowQuery(
        measurement="inference",
        step_ns=max(1, window_s // WINDOWS) * NS_PER_S,
        fields=_FIELDS,
        start_ns=until_ns - window_s * NS_PER_S,
        stop_ns=until_ns,
        limit=MAX_POINTS,
    )


def compare(
    points: Iterable[Point], confidences: Mapping[tuple[str, str], Confidence], *, sites: frozenset[str] | None
) -> list[ModelOut]:
    """Return every model version of ``points``, at ``sites`` if given, by name and version."""
    tallies: dict[tuple[str, str], _Tally] = {}
    for one in points:
        if sites is None or one.tags["site"] in sites:
            name, _, version = one.tags["model"].rpartition("@")
            tallies.setdefault((name, version), _Tally()).add(one)
    return [
        _model_out(key, tallies.get(key, _Tally()), confidences.get(key)) for key in sorted({*tallies, *confidences})
    ]


def _model_out(key: tuple[str, str], tally: _Tally, confidence: Confidence | None) -> ModelOut:
    return ModelOut(
        model=key[0],
        version=key[1],
        devices=len(tally.devices),
        inference_p50_ms=tally.mean("inference_p50_ms"),
        inference_p95_ms=tally.mean("inference_p95_ms"),
        end_to_end_p50_ms=tally.mean("end_to_end_p50_ms"),
        end_to_end_p95_ms=tally.mean("end_to_end_p95_ms"),
        drop_share=tally.share("drops", of=("frames", "drops")),
        error_share=tally.share("errors", of=("frames", "errors")),
        events=confidence.events if confidence is not None else 0,
        confidence=confidence.mean_score if confidence is not None else None,
    )

"""Model versions held against each other: what they cost, what they lose, how sure they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, Field

from skerry_server.registry.confidence import Confidence, confidence_by_model
from skerry_server.registry.database import Database
from skerry_server.registry.fleet.distribution import count_models
from skerry_server.stores.archive import NS_PER_S, Archive, WindowQuery

WINDOWS = 12
MAX_POINTS = 10_000
"""Some 700 versions in WINDOWS and one."""
NS_PER_MS = 1_000_000
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
    devices: int = Field(description="Devices in service that run it now.")
    inference_p50_ms: float | None
    inference_p95_ms: float | None
    end_to_end_p50_ms: float | None
    end_to_end_p95_ms: float | None
    drop_share: float | None = Field(description="Dropped frames of all that came.")
    error_share: float | None = Field(description="Inferences that failed, of all.")
    events: int
    confidence: float | None = Field(description="Mean score of its events.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Model versions by name and version; ``is_cut`` says that there were more than the store gave."""

    models: list[ModelOut]
    is_cut: bool


@dataclass(kw_only=True, slots=True)
class _Tally:
    sums: dict[str, float] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)

    def add(self, fields: Mapping[str, float], weight: float) -> None:
        for name, value in fields.items():
            self.sums[name] = self.sums.get(name, 0.0) + value * weight
            self.weights[name] = self.weights.get(name, 0.0) + weight

    def mean(self, name: str) -> float | None:
        return self.sums[name] / self.weights[name] if name in self.weights else None

    def share(self, name: str, *, of: Iterable[str]) -> float | None:
        whole = sum(self.sums.get(one, 0.0) for one in of)
        return self.sums.get(name, 0.0) / whole if whole > 0 else None


def compare_models(
    database: Database, store: Archive, *, window_s: int, sites: frozenset[str] | None, now_ns: int
) -> Comparison:
    """Compare what ran in the last ``window_s`` seconds, at ``sites`` if given. Raises StoreError and RegistryError.

    The store takes the devices of a version together, so that the answer is small however large the fleet.
    """
    with database.reading() as session:
        since_ms = now_ns // NS_PER_MS - window_s * 1000
        confidences = confidence_by_model(session, since_ms=since_ms, sites=sites)
        devices = count_models(session, sites=sites)
        by_site = {site: count_models(session, sites=frozenset({site})) for site in sites or ()}
    tallies: dict[tuple[str, str], _Tally] = {}
    is_cut = False
    for site in [None] if sites is None else sorted(sites):
        points = store.windows(_query(window_s, site, now_ns=now_ns))
        is_cut |= len(points) >= MAX_POINTS
        for one in points:
            name, _, version = one.tags["model"].rpartition("@")
            # Of several sites, each counts by the devices that it has of a version.
            weight = 1 if site is None else max(1, by_site[site].get(f"{name} {version}", 0))
            tallies.setdefault((name, version), _Tally()).add(one.fields, weight)
    models = [
        _model_out(key, devices.get(" ".join(key), 0), tallies.get(key, _Tally()), confidences.get(key))
        for key in sorted({*tallies, *confidences})
    ]
    return Comparison(models=models, is_cut=is_cut)


def _query(window_s: int, site: str | None, *, now_ns: int) -> WindowQuery:
    return WindowQuery(
        measurement="inference",
        step_ns=max(1, window_s // WINDOWS) * NS_PER_S,
        fields=_FIELDS,
        tags={} if site is None else {"site": site},
        by=("model",),
        start_ns=now_ns - window_s * NS_PER_S,
        stop_ns=now_ns,
        limit=MAX_POINTS,
    )


def _model_out(key: tuple[str, str], devices: int, tally: _Tally, confidence: Confidence | None) -> ModelOut:
    return ModelOut(
        model=key[0],
        version=key[1],
        devices=devices,
        inference_p50_ms=tally.mean("inference_p50_ms"),
        inference_p95_ms=tally.mean("inference_p95_ms"),
        end_to_end_p50_ms=tally.mean("end_to_end_p50_ms"),
        end_to_end_p95_ms=tally.mean("end_to_end_p95_ms"),
        drop_share=tally.share("drops", of=("frames", "drops")),
        error_share=tally.share("errors", of=("frames", "errors")),
        events=confidence.events if confidence is not None else 0,
        confidence=confidence.mean_score if confidence is not None else None,
    )

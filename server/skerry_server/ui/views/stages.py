"""How long each stage of a pipeline takes, as bars that can be held against each other."""

from __future__ import annotations

from dataclasses import dataclass

from skerry_edge.contracts.messages import STAGES, Heartbeat, PipelineVitals


@dataclass(frozen=True, kw_only=True, slots=True)
class StageLine:
    """One stage in milliseconds; ``percent`` is the share of its 95th percentile in the longest one's."""

    name: str
    p50: str
    p95: str
    p99: str
    percent: float


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineStages:
    """The stages of one pipeline, in the order that a picture passes them, and its drops by cause."""

    name: str
    stages: list[StageLine]
    drops: list[tuple[str, str]]


def pipeline_stages(heartbeat: Heartbeat | None) -> list[PipelineStages]:
    """Return all pipelines that told of their stages."""
    return [_stages(one) for one in heartbeat.pipelines if one.stages_ms] if heartbeat is not None else []


def _stages(one: PipelineVitals) -> PipelineStages:
    told = [(name, one.stages_ms[name]) for name in STAGES if name in one.stages_ms]
    longest = max((quantiles.p95 for _, quantiles in told), default=0.0) or 1.0
    return PipelineStages(
        name=one.name,
        stages=[
            StageLine(
                name=name.replace("_", " "),
                p50=f"{quantiles.p50:.1f}",
                p95=f"{quantiles.p95:.1f}",
                p99=f"{quantiles.p99:.1f}",
                percent=max(0.0, min(100.0, 100 * quantiles.p95 / longest)),
            )
            for name, quantiles in told
        ],
        drops=[
            (cause, f"{number:,}") for cause, number in sorted(one.drops.items(), key=lambda item: -item[1]) if number
        ],
    )

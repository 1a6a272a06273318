"""Whether a stage may be followed by the next: what failed, in one word and a sentence. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from skerry_server.rollouts.progress import Comparison, Member, Progress
from skerry_server.rollouts.states import FAILURES, REPORTED


class Failure(Struct, frozen=True):
    """A gate that does not hold: ``reason`` groups, ``detail`` explains."""

    reason: str
    detail: str


def share_failure(progress: Progress, devices: Sequence[Member]) -> Failure | None:
    """Return why ``devices`` cannot reach their share of successes any more, whatever else happens; None if they can.

    One that ran out of time counts as one that reported a failure does, and so does one that took the release and
    crashed or fell silent after it.
    """
    failed = [one for one in devices if _has_failed(one) and not _is_excused(one, progress)]
    allowed = len(devices) * (100.0 - progress.spec.gates.success_percent) / 100.0
    # A share in binary may be a hair below the whole number that it stands for.
    if len(failed) <= allowed + 1e-9:
        return None
    unsound = sum(one.state == "committed" for one in failed)
    more = f", {unsound} of them after they had taken it" if unsound else ""
    return Failure(
        "success-share",
        f"{len(failed)} of {len(devices)} devices failed{more}; "
        f"{progress.spec.gates.success_percent:g} % are to succeed",
    )


def sample_failure(progress: Progress, stage: Sequence[Member]) -> Failure | None:
    """Return why too few devices of a stage have spoken for themselves, once all of it have ended; None if enough."""
    wanted = min(progress.spec.gates.minimum_sample, len(stage))
    reported = sum(one.state in REPORTED for one in stage)
    if reported >= wanted or progress.excused_stage == progress.stage:
        return None
    return Failure("minimum-sample", f"{reported} devices of the stage reported, {wanted} are needed")


def comparison_failure(progress: Progress, comparison: Comparison) -> Failure | None:
    """Return in what the release is worse than the version before; None where it is not, by the gates that are set.

    Without a figure to judge by, a gate that is set does not hold.
    """
    return _latency_failure(progress, comparison) or _confidence_failure(progress, comparison)


def wants_comparison(progress: Progress) -> bool:
    """Tell whether telemetry is to be looked at before the stage that runs may be followed by the next."""
    return progress.spec.gates.compares and progress.excused_stage != progress.stage


def _latency_failure(progress: Progress, comparison: Comparison) -> Failure | None:
    ratio, new, old = progress.spec.gates.latency_ratio, comparison.new, comparison.old
    if ratio is None:
        return None
    if new.inference_p95_ms is None or old.inference_p95_ms is None:
        whose = "the release" if new.inference_p95_ms is None else "the version before"
        return Failure("no-telemetry", f"no device has reported the latency of {whose}")
    if new.inference_p95_ms <= ratio * old.inference_p95_ms:
        return None
    return Failure(
        "latency",
        f"95 % of inferences take up to {new.inference_p95_ms:.1f} ms, {old.inference_p95_ms:.1f} ms before; "
        f"at most {ratio:g} times is allowed",
    )


def _confidence_failure(progress: Progress, comparison: Comparison) -> Failure | None:
    gates, new, old = progress.spec.gates, comparison.new, comparison.old
    if gates.confidence_drop is None:
        return None
    if new.confidence is None or old.confidence is None or min(new.events, old.events) < gates.minimum_events:
        return Failure(
            "no-telemetry",
            f"{new.events} events of the release and {old.events} of the version before; "
            f"{gates.minimum_events} of each are needed",
        )
    if old.confidence - new.confidence <= gates.confidence_drop:
        return None
    return Failure(
        "confidence",
        f"the mean score is {new.confidence:.2f}, {old.confidence:.2f} before; "
        f"it may be lower by {gates.confidence_drop:g}",
    )


def _has_failed(one: Member) -> bool:
    return one.state in FAILURES or (one.state == "committed" and one.unsound_ms is not None)


def _is_excused(one: Member, progress: Progress) -> bool:
    """Tell whether whoever resumed the rollout had seen this failure."""
    failed_ms = one.ended_ms if one.unsound_ms is None else one.unsound_ms
    return progress.excused_ms is not None and failed_ms is not None and failed_ms <= progress.excused_ms

"""The configured pipelines: whether models compute and sources give something, each tried in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from skerry_edge.agent.config.pipelines import DetectionPipeline, PipelineConfig, SyntheticPipeline
from skerry_edge.agent.config.sources import CameraSource, MicrophoneSource
from skerry_edge.agent.doctor.findings import Check, Finding
from skerry_edge.agent.doctor.trial import Trial
from skerry_edge.bench.apart import run_apart
from skerry_edge.foundation.errors import MissingError, SkerryError
from skerry_edge.foundation.redaction import redact
from skerry_edge.foundation.source_error import reason_of

_TRIAL = "skerry_edge.agent.doctor.trial"
_STALL_S = 60.0
_ABSENT = "not installed"
_BESIDE_S = 5.0
"""What starting and ending the other process may take, so that its own limit comes first."""

Run = Callable[[Trial], str]


def run_trial(trial: Trial) -> str:
    """Try it in a process of its own, and return the sentence. Raises SkerryError, where that process dies as well."""
    sentence: str = next(iter(run_apart(_TRIAL, trial, stall_s=_STALL_S)))
    return sentence


def pipeline_checks(pipelines: tuple[PipelineConfig, ...], *, run: Run = run_trial) -> Iterator[Check]:
    """Give a check for each pipeline's model and one for its camera or microphone."""
    for one in pipelines:
        yield _model_check(one, run)
        if not isinstance(one, SyntheticPipeline) and isinstance(one.source, CameraSource | MicrophoneSource):
            yield _source_check(one, "camera" if isinstance(one.source, CameraSource) else "microphone", run)
    kinds = {type(one.source) for one in pipelines if not isinstance(one, SyntheticPipeline)}
    for what, kind in (("camera", CameraSource), ("microphone", MicrophoneSource)):
        if not any(issubclass(one, kind) for one in kinds):
            yield _idle(what)


def _idle(what: str) -> Check:
    finding = Finding(name=what, status="not applicable", found="no pipeline uses one")
    return Check(name=what, look=lambda: (finding,))


def _model_check(pipeline: PipelineConfig, run: Run) -> Check:
    name = f"model of '{pipeline.name}'"
    backends = pipeline.backends if isinstance(pipeline, DetectionPipeline) else ()
    trials = {
        f"{name} on {backend}" if len(backends) > 1 else name: Trial(part="model", pipeline=pipeline, backend=backend)
        for backend in backends or (None,)
    }
    limit_s = len(trials) * (_STALL_S + _BESIDE_S)
    return Check(
        name=name,
        look=lambda: judge_choices([_judged(one, trial, run) for one, trial in trials.items()]),
        limit_s=limit_s,
    )


def judge_choices(findings: Sequence[Finding]) -> Sequence[Finding]:
    """Judge a pipeline's backends together: one that fails is no more than a warning where another does the work.

    One that is not installed is none either, where one before it computes.
    """
    if all(one.status == "failed" for one in findings):
        return findings
    if findings[0].status == "ok":
        findings = [replace(one, status="not applicable") if one.found.startswith(_ABSENT) else one for one in findings]
    todo = "install what this backend needs, or take it out of 'backends'"
    return [
        replace(one, status="warning", todo=one.todo or todo) if one.status == "failed" else one for one in findings
    ]


def _source_check(pipeline: PipelineConfig, what: str, run: Run) -> Check:
    name = f"{what} of '{pipeline.name}'"
    trial = Trial(part="source", pipeline=pipeline)
    return Check(name=name, look=lambda: (_judged(name, trial, run),), limit_s=_STALL_S + _BESIDE_S)


def _judged(name: str, trial: Trial, run: Run) -> Finding:
    try:
        found = run(trial)
    except SkerryError as error:
        return judge_failure(name, trial, error)
    return Finding(name=name, status="ok", found=redact(found))


def judge_failure(name: str, trial: Trial, error: SkerryError) -> Finding:
    """Judge why a trial failed: a source that somebody uses works, and mostly the agent is who uses it."""
    found = redact("; ".join(filter(None, (error.what, error.where, error.found))))
    if trial.part == "model" and trial.backend is not None and isinstance(error, MissingError):
        return Finding(name=name, status="failed", found=f"{_ABSENT}: {found}", todo=error.todo)
    if trial.part == "source" and reason_of(error) == "busy":
        return Finding(name=name, status="ok", found=f"in use, as it is while the agent runs ({found})")
    return Finding(name=name, status="failed", found=found, todo=error.todo)

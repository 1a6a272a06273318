"""Rollouts as rows of text: how far they are, what failed, what can be done with them. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skerry_edge.contracts.release import REASONS
from skerry_server.registry.models import AuditRow, RolloutDeviceRow, RolloutRow
from skerry_server.rollouts.reading import FailureGroup, Tally
from skerry_server.rollouts.states import DEVICE_STATES, FAILURES, UNDER_WAY
from skerry_server.ui.rows import NOTHING, clock_time

_TONES = {
    "left-out": "idle",
    "waiting": "idle",
    "done": "good",
    "committed": "good",
    "paused": "warn",
    "rolling-back": "warn",
    "returned": "warn",
    "rolled-back": "bad",
    "aborted": "bad",
    "refused": "bad",
    "failed": "bad",
    "timed-out": "bad",
    "not-returned": "bad",
}


_DEEDS = {
    "create": "made",
    "approve": "approved",
    "start": "started",
    "order": "ordered",
    "order-back": "ordered back",
    "time-out": "timed out",
    "put-off": "given time back",
    "settle": "withdrawn",
    "retry": "another try",
    "pause": "paused",
    "resume": "resumed",
    "abort": "aborted",
    "roll-back": "to be rolled back",
}
"""What the audit's words, where they are not states, are called."""
_UNTOUCHED = ("waiting", "left-out", *UNDER_WAY)
"""In these a device has not come to an end of anything."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """A button: what it does and what it is called; a grave one is asked about in red."""

    name: str
    title: str
    text: str
    is_grave: bool = False


_ACTS: dict[str, Act] = {
    "approve": Act(name="approve", title="Approve", text="You stand for this release with your name."),
    "start": Act(name="start", title="Start", text="The canary is ordered the release at once."),
    "pause": Act(name="pause", title="Pause", text="No further device is ordered anything; those that were go on."),
    "resume": Act(name="resume", title="Resume", text="It goes on; what made it pause is excused."),
    "retry": Act(name="retry", title="Retry", text="Devices that failed are ordered the release once more."),
    "abort": Act(
        name="abort",
        title="Abort",
        text="What nobody has begun is withdrawn. Whoever has the release keeps it.",
        is_grave=True,
    ),
    "roll-back": Act(
        name="roll-back",
        title="Roll back",
        text="Every device that took the release is ordered back to the version before.",
        is_grave=True,
    ),
}
_BY_STATE: dict[str, tuple[str, ...]] = {
    "draft": ("start", "abort"),
    "running": ("pause", "roll-back", "abort"),
    "paused": ("resume", "roll-back", "abort"),
    "done": ("roll-back",),
    "aborted": ("roll-back",),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A part of a bar: how many devices ended alike, as a share of all; `macros.marked` draws it."""

    tone: str
    percent: float


@dataclass(frozen=True, kw_only=True, slots=True)
class RolloutLine:
    """A rollout in the list."""

    id: int
    release: str
    subject: str
    state: str
    tone: str
    stage: str
    ended: int
    devices: int
    marks: Sequence[Mark]
    failed: int
    who: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StageLine:
    """A stage of a rollout; ``percent`` of its devices have ended, ``marks`` tell how."""

    name: str
    devices: int
    percent: float
    marks: Sequence[Mark]
    counts: str
    is_now: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """How many devices are in a state, and where they are listed; `macros.bars` draws it."""

    name: str
    tone: str
    number: int
    percent: float
    href: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FailureLine:
    """Devices that failed alike."""

    state: str
    reason: str
    meaning: str
    devices: int
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceLine:
    """A device of a rollout."""

    device: str
    stage: int
    state: str
    tone: str
    phase: str
    from_version: str
    why: str
    since: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """Something that happened to a device in a rollout."""

    time: str
    what: str
    tone: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that a person or the rollout itself did."""

    id: int
    time: str
    what: str
    tone: str
    who: str
    why: str


def rollout_line(row: RolloutRow, counts: Tally) -> RolloutLine:
    """Return a rollout with its progress."""
    failed = sum(counts.get(state, 0) for state in FAILURES)
    return RolloutLine(
        id=row.id,
        release=f"{row.name} {row.version}",
        subject=f"{row.kind}/{row.name}",
        state=row.state,
        tone=tone_of(row.state),
        stage=f"{row.stage + 1} of {row.stages}" if row.stages else NOTHING,
        ended=ended_of(counts),
        devices=sum(counts.values()),
        marks=marks_of(counts),
        failed=failed,
        who=f"by {row.author}, {clock_time(row.created_ms)}",
        why=_why(row, failed),
    )


def acts_of(row: RolloutRow, counts: Tally, visitor: str) -> list[Act]:
    """Return what ``visitor`` can do with a rollout as it stands."""
    names = list(_BY_STATE.get(row.state, ()))
    needs_approval = bool(row.spec["needs_approval"]) and row.approved_by is None
    if row.state == "draft" and needs_approval:
        names.remove("start")
        names[:0] = ["approve"] if visitor != row.author else []
    if row.state in ("running", "paused", "done") and any(counts.get(state) for state in FAILURES):
        names.insert(1, "retry")
    if row.state == "aborted" and row.started_ms is None:
        names.remove("roll-back")
    return [_ACTS[name] for name in names]


def stage_lines(row: RolloutRow, stages: Sequence[Tally]) -> list[StageLine]:
    """Return the stages, the canary first."""
    return [
        StageLine(
            name="Canary" if number == 0 else f"Step {number}",
            devices=sum(counts.values()),
            percent=_percent(ended_of(counts), sum(counts.values())),
            marks=marks_of(counts),
            counts=", ".join(f"{counts[state]:,} {state}" for state in DEVICE_STATES if counts.get(state)),
            is_now=number == row.stage and row.state in ("running", "paused"),
        )
        for number, counts in enumerate(stages)
    ]


def shares(rollout: int, counts: Tally) -> list[Share]:
    """Return how many devices are in each state, in the order of a device's life."""
    total = sum(counts.values())
    return [
        Share(
            name=state,
            tone=tone_of(state),
            number=counts[state],
            percent=_percent(counts[state], total),
            href=f"/rollouts/{rollout}?state={state}",
        )
        for state in DEVICE_STATES
        if counts.get(state)
    ]


def failure_line(group: FailureGroup) -> FailureLine:
    """Return a group of failures with what its reason means."""
    return FailureLine(
        state=group.state,
        reason=group.reason or NOTHING,
        meaning=REASONS.get(group.reason or "", ""),
        devices=group.devices,
        detail=group.detail or "",
    )


def device_line(row: RolloutDeviceRow) -> DeviceLine:
    """Return a device of a rollout."""
    since_ms = row.ended_ms or row.ordered_ms
    done = f" {row.progress_bytes / row.total_bytes:.0%}" if row.progress_bytes and row.total_bytes else ""
    return DeviceLine(
        device=row.device,
        stage=row.stage,
        state=row.state,
        tone=tone_of(row.state),
        phase=f"{row.phase}{done}" if row.phase and row.state in UNDER_WAY else "",
        from_version=row.from_version or NOTHING,
        why=": ".join(part for part in (row.reason, row.detail) if part),
        since=clock_time(since_ms) if since_ms else NOTHING,
    )


def moments(history: Sequence[Mapping[str, Any]]) -> list[Moment]:
    """Return what happened to a device, oldest first."""
    return [
        Moment(
            time=clock_time(entry["ts_ms"]),
            what=entry["what"],
            tone=tone_of(entry["what"]),
            why=": ".join(part for part in (entry.get("reason"), entry.get("detail")) if part),
        )
        for entry in history
    ]


def events(rows: Sequence[AuditRow]) -> list[Event]:
    """Return what the audit tells of a rollout, oldest first; ``rows`` are newest first, as it lists them."""
    return [_event(row) for row in reversed(rows)]


def _event(row: AuditRow) -> Event:
    word, told = row.action.removeprefix("rollout."), json.loads(row.detail)
    what = _DEEDS.get(word, word)
    if word == "stage":
        what = "canary" if told.get("stage") == 0 else f"step {told.get('stage')}"
    number = told.get("number", told.get("devices") if isinstance(told.get("devices"), int) else None)
    return Event(
        id=row.id,
        time=clock_time(row.ts_ms),
        what=what if number is None else f"{what}: {number:,} device{'' if number == 1 else 's'}",
        tone=tone_of(word),
        who="" if row.actor == row.subject else f"by {row.actor}",
        why=": ".join(str(part) for part in (told.get("reason"), told.get("detail")) if part),
    )


def terms(spec: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what a rollout is to do, as names and words."""
    target, gates = spec["target"], spec["gates"]
    aims = [f"{name} {', '.join(values)}" for name, values in target.items() if values and name != "tags"]
    aims += [f"tag {key}={value}" if value else f"tag {key}" for key, value in target["tags"].items()]
    canary = f"the group {spec['canary_group']}" if spec["canary_group"] else spec["canary"]
    judged = [f"{gates['success_percent']:g} % succeed", f"at least {gates['minimum_sample']} report"]
    judged += [f"watched for {gates['soak_s']} s"]
    if gates["crash_free_hours"]:
        judged.append(f"{gates['crash_free_hours']:g} h without a crash")
    if gates["latency_ratio"] is not None:
        judged.append(f"at most {gates['latency_ratio']:g} times as slow")
    if gates["confidence_drop"] is not None:
        judged.append(f"mean score lower by {gates['confidence_drop']:g} at most")
    return [
        ("For", "; ".join(aims) or "all devices"),
        ("Boards", ", ".join(spec["boards"]) or "any"),
        ("Canary, then", f"{canary}, then {', '.join(spec['steps'])}"),
        ("Gates", "; ".join(judged)),
        ("On failure", "pause, and order devices back" if spec["rolls_back"] else "pause"),
        ("On the device", f"healthy for {spec['probation_s']} s, ended within {spec['deadline_s']} s"),
    ]


def tone_of(state: str) -> str:
    """Return how a state of a rollout, or of a device in it, is coloured."""
    return _TONES.get(state, "plain")


def ended_of(counts: Tally) -> int:
    """Return how many devices were ordered something and have come to an end of it."""
    return sum(number for state, number in counts.items() if state not in _UNTOUCHED)


def marks_of(counts: Tally) -> list[Mark]:
    """Return how the devices ended that did, good ones first; the rest of the bar stays grey."""
    total = sum(counts.values())
    tones = dict.fromkeys(("good", "warn", "bad"), 0)
    for state, number in counts.items():
        if state not in _UNTOUCHED:
            tones[tone_of(state)] += number
    return [Mark(tone=tone, percent=_percent(number, total)) for tone, number in tones.items() if number]


def _why(row: RolloutRow, failed: int) -> str:
    """Return why a rollout stands as it does; devices of the stage may have failed after the gate had."""
    if row.reason == "success-share" and failed and not (row.detail or "").startswith(f"{failed} of "):
        return f"{row.detail}; {failed:,} failed in all"
    return row.detail or ""


def _percent(part: int, whole: int) -> float:
    return round(100.0 * part / whole, 1) if whole else 0.0

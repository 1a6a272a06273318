"""What follows for a rollout from how it stands: orders, time-outs, the next stage, a pause, the way back. Pure.

Nothing here knows of a database, a broker or a clock; whoever carries the actions out and asks again gets, after
finitely many turns, a rollout in which every device has ended or waits for a person.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from skerry_server.rollouts.gates import (
    Failure,
    comparison_failure,
    sample_failure,
    share_failure,
    wants_comparison,
)
from skerry_server.rollouts.progress import Comparison, Member, Progress
from skerry_server.rollouts.states import UNDER_WAY, DeviceState, RolloutState

CATCH_UP_MS = 300_000
"""For so long after the server began to hear nobody is late: what was said before may still come."""
MAX_DEVICES = 500
"""Devices of one action: ten thousand are ordered or left out over some turns, and none of them is long."""


class TimeOut(Struct, frozen=True):
    """The time of these devices is over; what they were ordered is withdrawn, so that none begins unwatched."""

    devices: tuple[str, ...]


class Order(Struct, frozen=True):
    """Order these devices the release."""

    devices: tuple[str, ...]


class Return(Struct, frozen=True):
    """Order these devices the version that they ran before."""

    devices: tuple[str, ...]


class Settle(Struct, frozen=True):
    """These devices end as ``state``; what they were ordered, if anything, is withdrawn."""

    devices: tuple[str, ...]
    state: DeviceState
    reason: str | None = None


class Enter(Struct, frozen=True):
    """Go on to this stage."""

    stage: int


class Compare(Struct, frozen=True):
    """Read telemetry, and decide again with it."""


class Move(Struct, frozen=True):
    """The rollout itself changes its state; ``failure`` says why where a gate did it."""

    state: RolloutState
    failure: Failure | None = None


Action = TimeOut | Order | Return | Settle | Enter | Compare | Move


def decide(
    progress: Progress, members: Sequence[Member], *, now_ms: int, comparison: Comparison | None = None
) -> list[Action]:
    """Return what to do now; nothing where the rollout waits for devices, time or people."""
    late = _late(progress, members, now_ms)
    if late:
        # Judged with the next turn, when they count as timed out.
        return [TimeOut(late[:MAX_DEVICES])]
    if progress.state == "running":
        return _run(progress, members, now_ms, comparison)
    if progress.state in ("rolling-back", "rolled-back"):
        return _roll_back(progress, members)
    return _settle_rest(members) if progress.state in ("aborted", "done") else []


def after_failure(progress: Progress, members: Sequence[Member], failure: Failure) -> list[Action]:
    """Return what a gate that failed leads to: a pause, or the way back where the rollout is to undo itself.

    A device that has not answered yet gets its order withdrawn: it waits again, and does not begin what is known to be
    bad when it comes back.
    """
    unheard = tuple(one.device for one in members if one.state == "ordered" and not one.has_begun)
    if progress.spec.rolls_back:
        return [Move("rolling-back", failure)]
    held: list[Action] = [Settle(unheard[:MAX_DEVICES], "waiting")] if unheard else []
    # What failed is still so at the next turn, which takes back the rest.
    return held if len(unheard) > MAX_DEVICES else [*held, Move("paused", failure)]


def _run(progress: Progress, members: Sequence[Member], now_ms: int, comparison: Comparison | None) -> list[Action]:
    gone = tuple(one.device for one in members if one.state == "waiting" and one.is_gone)
    if gone:
        return [Settle(gone[:MAX_DEVICES], "left-out", "decommissioned")]
    begun = [one for one in members if one.stage <= progress.stage and one.state != "left-out"]
    stage = [one for one in begun if one.stage == progress.stage]
    # All together as well: a device of the canary may crash while a later stage is under way.
    if failure := share_failure(progress, stage) or share_failure(progress, begun):
        return after_failure(progress, members, failure)
    if not progress.hears:
        # Stopping and taking back must not wait for whatever keeps the server from hearing; going on must.
        return []
    due = tuple(one.device for one in begun if one.state == "waiting")
    if due or any(one.state in UNDER_WAY for one in members):
        return [Order(due[:MAX_DEVICES])] if due else []
    return _end_stage(progress, members, stage, now_ms=now_ms, comparison=comparison)


def _end_stage(
    progress: Progress,
    members: Sequence[Member],
    stage: Sequence[Member],
    *,
    now_ms: int,
    comparison: Comparison | None,
) -> list[Action]:
    """Return what follows for a stage of which every device has ended well enough: its watch, its gates, the next."""
    if failure := sample_failure(progress, stage):
        return after_failure(progress, members, failure)
    if now_ms < _watched_until_ms(progress, stage):
        return []
    if wants_comparison(progress) and comparison is None:
        return [Compare()]
    if comparison is not None and (failure := comparison_failure(progress, comparison)):
        return after_failure(progress, members, failure)
    is_last = progress.stage + 1 >= progress.stages
    return [Move("done")] if is_last else [Enter(progress.stage + 1)]


def _roll_back(progress: Progress, members: Sequence[Member]) -> list[Action]:
    """Order back whoever took the release, let nobody begin, and end when each of them has ended.

    Whoever takes it so late that the rollout has ended is ordered back as well.
    """
    actions: list[Action] = _settle_rest(members)
    lost = tuple(one.device for one in members if one.state == "committed" and one.from_version is None)
    if lost:
        actions.append(Settle(lost[:MAX_DEVICES], "not-returned", "no-earlier-version"))
    back = tuple(one.device for one in members if one.state == "committed" and one.from_version is not None)
    if back:
        actions.append(Return(back[:MAX_DEVICES]))
    is_over = not actions and not any(one.state in UNDER_WAY for one in members)
    return [Move("rolled-back")] if is_over and progress.state == "rolling-back" else actions


def _settle_rest(members: Sequence[Member]) -> list[Action]:
    """Leave out whoever waits or has not answered; whoever has begun ends by itself, or by its deadline."""
    rest = tuple(
        one.device for one in members if one.state == "waiting" or (one.state == "ordered" and not one.has_begun)
    )
    return [Settle(rest[:MAX_DEVICES], "left-out")] if rest else []


def _late(progress: Progress, members: Sequence[Member], now_ms: int) -> tuple[str, ...]:
    is_catching_up = progress.heard_since_ms is not None and now_ms < progress.heard_since_ms + CATCH_UP_MS
    if is_catching_up or not progress.hears:
        return ()
    return tuple(
        one.device
        for one in members
        if one.state in UNDER_WAY and (one.deadline_ms is None or now_ms >= one.deadline_ms)
    )


def _watched_until_ms(progress: Progress, stage: Sequence[Member]) -> int:
    ended_ms = max((one.ended_ms for one in stage if one.ended_ms is not None), default=0)
    until_ms = ended_ms + progress.spec.gates.watch_ms + progress.unwatched_ms
    if progress.heard_since_ms is None or not 0 < ended_ms < progress.heard_since_ms:
        return until_ms
    # What devices went through meanwhile is told by what is still to come.
    return max(until_ms, progress.heard_since_ms + CATCH_UP_MS)

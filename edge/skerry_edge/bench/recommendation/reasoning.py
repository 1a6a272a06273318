"""Why the pick, and why not the others, in plain English."""

from __future__ import annotations

from collections.abc import Sequence

from skerry_edge.bench.recommendation.accuracy import SAME_POINTS
from skerry_edge.bench.recommendation.boards import Target
from skerry_edge.bench.recommendation.judging import is_certain
from skerry_edge.bench.recommendation.phrases import allowance, fps_within, milliseconds, points, span
from skerry_edge.bench.recommendation.picking import drop_of, is_as_accurate, latency_of
from skerry_edge.bench.recommendation.result import Candidate, Quantile, Wanted

_SHARES: dict[Quantile, str] = {"p50": "half", "p90": "90 %", "p95": "95 %", "p99": "99 %", "max": "all"}


def reason_for(pick: Candidate, candidates: Sequence[Candidate], wanted: Wanted, target: Target | None) -> str:
    """Return why the pick, its cautions, and why not its neighbours on the front."""
    proven = target is None or target.measured_there
    speed = _speed(pick, wanted) if proven else _unproven_speed(pick, wanted)
    sentences = [f"{pick.name} {speed}, and {_accuracy(pick, wanted)}."]
    if pick.cautions:
        sentences.append(f"But {'; '.join(pick.cautions)}.")
    beside = neighbours(pick, candidates)
    if beside:
        sentences.append(f"Not {'; not '.join(f'{one.name}, which {one.why_not}' for one in beside)}.")
    return " ".join(sentences)


def reason_against(candidates: Sequence[Candidate], wanted: Wanted) -> str:
    """Return why there is no pick."""
    judged = [one for one in candidates if not one.kinds & {"not measured", "accuracy"}]
    where = f" on {wanted.board}" if wanted.board else ""
    limits = f"{wanted.fps:g} frames a second ({wanted.quantile}) and a drop of {allowance(wanted.max_drop_points)}"
    if not judged:
        return f"No variant has both a time and an accuracy, so none can be held against {limits}{where}."
    found = f"No variant keeps to both {limits}{where}."
    if any("fps" in one.kinds and one.disturbed for one in judged):
        return f"{found} Some times were disturbed: on a quiet machine they may be shorter."
    return found


def why_not(one: Candidate, pick: Candidate, wanted: Wanted, *, provisional: bool) -> str:
    """Return what speaks against a candidate beside the pick, to go on after "which"."""
    if one.problems:
        return " and ".join(problem.words for problem in one.problems)
    if not is_certain(drop_of(one), wanted) and is_certain(drop_of(pick), wanted):
        return f"{_faster(one, pick)}is less certain to keep to the drop"
    more = drop_of(one).points - drop_of(pick).points
    if provisional:
        return f"takes {milliseconds(latency_of(one))} ms"
    if more >= SAME_POINTS and not is_as_accurate(one, pick):
        return f"{_faster(one, pick)}loses {points(more)} points more"
    if latency_of(one) > latency_of(pick):
        return f"is no better as far as the pictures tell, and takes {milliseconds(latency_of(one))} ms"
    return "is no smaller" if (one.size_bytes or 0) >= (pick.size_bytes or 0) else "is no more accurate"


def neighbours(pick: Candidate, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the next faster and the next slower candidate on the front."""
    front = [one for one in candidates if one.on_front and one is not pick and one.why_not]
    slower = [one for one in front if latency_of(one) >= latency_of(pick)]
    faster = [one for one in front if latency_of(one) < latency_of(pick)]
    return [*sorted(slower, key=latency_of)[:1], *sorted(faster, key=latency_of)[-1:]]


def _speed(one: Candidate, wanted: Wanted) -> str:
    rate = f"{fps_within(latency_of(one)):g} frames a second; wanted: {wanted.fps:g}"
    return f"ends {_SHARES[wanted.quantile]} of its calls within {milliseconds(latency_of(one))} ms ({rate})"


def _unproven_speed(one: Candidate, wanted: Wanted) -> str:
    here = f"{milliseconds(latency_of(one))} ms on the machine that was measured"
    keep = "certainly keep" if is_certain(drop_of(one), wanted) else "keep"
    return (
        f"is the fastest of those that {wanted.board} can run and that {keep} to the drop ({here}, which does not tell "
        f"whether it does {wanted.fps:g} frames a second there)"
    )


def _accuracy(one: Candidate, wanted: Wanted) -> str:
    drop = drop_of(one)
    ends = span(drop)
    interval = f", 95 % interval {ends}" if ends and drop.low != drop.high else ""
    if abs(drop.points) < SAME_POINTS:
        return f"loses nothing{interval}"
    if drop.points < 0:
        return f"gains {points(-drop.points)} points of AP50{interval}"
    return f"loses {points(drop.points)} points of AP50 (allowed: {wanted.max_drop_points:g}){interval}"


def _faster(one: Candidate, pick: Candidate) -> str:
    if latency_of(one) < latency_of(pick):
        return f"is faster at {milliseconds(latency_of(one))} ms, but "
    return ""

"""The rule by which one of the candidates that meet all is picked, and what would have to give where none does."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from skerry_edge.bench.recommendation.accuracy import SAME_POINTS
from skerry_edge.bench.recommendation.judging import is_certain
from skerry_edge.bench.recommendation.phrases import fps_within, points
from skerry_edge.bench.recommendation.result import Candidate, Concession, Drop, Wanted


def pick(candidates: Sequence[Candidate], wanted: Wanted, *, provisional: bool) -> Candidate | None:
    """Return the pick among the candidates without problems; None where there is none.

    Those whose whole interval is within the drop that is allowed come before others. Of them it is the most accurate;
    of several that the pictures cannot tell from it the fastest; of equals the smallest file. A provisional pick is the
    fastest: while the board's speed is not known, that one has the most to spare.
    """
    fitting = [one for one in candidates if not one.problems]
    pool = [one for one in fitting if is_certain(drop_of(one), wanted)] or fitting
    if not pool:
        return None
    if not provisional:
        best = min(pool, key=lambda one: drop_of(one).points)
        pool = [one for one in pool if is_as_accurate(one, best)]
    return min(pool, key=lambda one: (latency_of(one), one.size_bytes or math.inf))


def is_as_accurate(one: Candidate, best: Candidate) -> bool:
    """Tell whether a candidate cannot be told from the most accurate: the best one's drop is in its interval."""
    drop, least = drop_of(one), drop_of(best).points
    return drop.points - least < SAME_POINTS or (drop.low is not None and drop.low <= least)


def drop_of(one: Candidate) -> Drop:
    """Return the drop of a candidate that has one. Raises ValueError for another."""
    if one.drop is None:
        raise ValueError(f"'{one.name}' has no accuracy")
    return one.drop


def latency_of(one: Candidate) -> float:
    """Return the latency of a candidate that has one, in milliseconds. Raises ValueError for another."""
    if one.latency_ms is None:
        raise ValueError(f"'{one.name}' was not measured")
    return one.latency_ms


def concessions(candidates: Sequence[Candidate], wanted: Wanted) -> tuple[Concession, ...]:
    """Return what would let a candidate do, each as little as possible: the rate, the drop, both, or the board."""
    given = [
        _least(candidates, {"fps"}, latency_of, _slower),
        _least(candidates, {"drop"}, lambda one: drop_of(one).points, _larger_drop),
    ]
    if not any(given):
        given.append(_least(candidates, {"fps", "drop"}, lambda one: _strain(one, wanted), _both))
    return (*(one for one in given if one is not None), *_elsewhere(candidates))


def _least(
    candidates: Sequence[Candidate],
    kinds: set[str],
    cost: Callable[[Candidate], float],
    told: Callable[[Candidate], Concession],
) -> Concession | None:
    near = [one for one in candidates if one.kinds == kinds]
    return told(min(near, key=cost)) if near else None


def _strain(one: Candidate, wanted: Wanted) -> float:
    """Return by how much both limits would have to be stretched: the sum of both, each in its own size."""
    over_ms = latency_of(one) / wanted.limit_ms - 1
    return over_ms + (drop_of(one).points - wanted.max_drop_points) / max(wanted.max_drop_points, 1.0)


def _slower(one: Candidate) -> Concession:
    rate = fps_within(latency_of(one))
    words = f"at {rate:g} frames a second or fewer {one.name} would do"
    return Concession(row=one.name, fps=rate, drop_points=None, words=words)


def _larger_drop(one: Candidate) -> Concession:
    # Rounded first: 0.3 in floating point is a little more, and 0.4 would be asked for.
    needed = math.ceil(round(drop_of(one).points * 10, 6)) / 10
    words = f"with a drop of {points(needed)} points or more allowed {one.name} would do"
    return Concession(row=one.name, fps=None, drop_points=needed, words=words)


def _both(one: Candidate) -> Concession:
    slower, larger = _slower(one), _larger_drop(one)
    words = (
        f"both limits would have to give: {slower.fps:g} frames a second and a drop of {larger.drop_points:g} points"
    )
    return Concession(row=one.name, fps=slower.fps, drop_points=larger.drop_points, words=f"{words} ({one.name})")


def _elsewhere(candidates: Sequence[Candidate]) -> Iterator[Concession]:
    for one in candidates:
        if one.kinds and one.kinds <= {"board", "memory"}:
            reasons = " and ".join(problem.words for problem in one.problems)
            words = f"nothing else speaks against {one.name}: it {reasons}"
            yield Concession(row=one.name, fps=None, drop_points=None, words=words)
        elif one.kinds == {"accuracy"}:
            words = f"{one.name} is fast enough; its accuracy would have to be measured"
            yield Concession(row=one.name, fps=None, drop_points=None, words=words)

"""A whole recommendation: figures brought together, rows judged, one picked, and the reasons."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.progress import Progress

from skerry_boards.schema import Board
from skerry_edge.bench.recommendation.accuracy import Accuracies
from skerry_edge.bench.recommendation.boards import Target, target_of
from skerry_edge.bench.recommendation.judging import judge_rows
from skerry_edge.bench.recommendation.picking import concessions, pick
from skerry_edge.bench.recommendation.reasoning import reason_against, reason_for, why_not
from skerry_edge.bench.recommendation.result import SCHEMA, Candidate, Outcome, Recommendation, Wanted
from skerry_edge.bench.recommendation.sources import Given, Timed, accuracies_of, measure, read_results
from skerry_edge.contracts.bundle import Bundle


@dataclass(frozen=True, kw_only=True, slots=True)
class RecommendationOrder:
    """What is wanted of which model, and what to take figures from."""

    model: Path
    wanted: Wanted
    board: Board | None
    given: Given


def recommend_variant(order: RecommendationOrder, bar: Progress) -> Recommendation:
    """Bring the figures together, judge and pick.

    Accuracy comes first: without it there is nothing to recommend, and no need to measure times. Raises BundleError
    for what is no bundle, and what the sources raise.
    """
    bundle, given = Bundle.open(order.model), order.given
    earlier = read_results(bundle, given.results, order.board) if given.results else None
    accuracies = accuracies_of(bundle, given, earlier, bar)
    timed = earlier or measure(bundle, given, bar)
    return decide(bundle, timed, accuracies, order.wanted, order.board)


def decide(bundle: Bundle, timed: Timed, accuracies: Accuracies, wanted: Wanted, board: Board | None) -> Recommendation:
    """Return the recommendation that follows from the figures."""
    target = target_of(board, timed.machine) if board else None
    elsewhere = target is not None and not target.measured_there
    formats = {name: one.format for name, one in bundle.manifest.variants.items()}
    candidates = judge_rows(timed.rows, formats, accuracies, wanted, target)
    chosen = pick(candidates, wanted, provisional=elsewhere)
    if chosen is not None:
        candidates = _reasoned(candidates, chosen, wanted, provisional=elsewhere)
    outcome: Outcome = "none" if chosen is None else "provisional" if elsewhere else "picked"
    return Recommendation(
        schema=SCHEMA,
        kind="skerry-recommend",
        model=bundle.manifest.name,
        version=bundle.manifest.version,
        wanted=wanted,
        outcome=outcome,
        pick=None if chosen is None else chosen.name,
        reason=_reason(chosen, candidates, wanted, target),
        concessions=() if chosen else concessions(candidates, wanted),
        candidates=candidates,
        accuracy=accuracies.source,
        machine=timed.machine,
        measured_by=timed.origin,
        elsewhere=elsewhere,
    )


def _reasoned(
    candidates: tuple[Candidate, ...], chosen: Candidate, wanted: Wanted, *, provisional: bool
) -> tuple[Candidate, ...]:
    return tuple(
        one
        if one is chosen
        else msgspec.structs.replace(one, why_not=why_not(one, chosen, wanted, provisional=provisional))
        for one in candidates
    )


def _reason(chosen: Candidate | None, candidates: tuple[Candidate, ...], wanted: Wanted, target: Target | None) -> str:
    if chosen is None:
        return reason_against(candidates, wanted)
    return reason_for(chosen, candidates, wanted, target)

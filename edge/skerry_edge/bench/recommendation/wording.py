"""A recommendation in words, the same on the terminal and on the page."""

from __future__ import annotations

from skerry_edge.bench.evaluation import words
from skerry_edge.bench.recommendation.phrases import allowance, fps_within, milliseconds, points, span
from skerry_edge.bench.recommendation.result import Candidate, Recommendation

PICK, FRONT = "pick", "front"


def headings(answer: Recommendation) -> tuple[str, ...]:
    """Return the headings of the table of candidates."""
    return ("row", "", f"{answer.wanted.quantile} ms", "fps", "lost", "95 % interval", "AP50", "MB")


def cells(answer: Recommendation, one: Candidate) -> tuple[str, ...]:
    """Return a candidate's cells under the headings."""
    return (
        one.name,
        mark(answer, one),
        milliseconds(one.latency_ms),
        words.NONE if one.latency_ms is None else f"{fps_within(one.latency_ms):g}",
        words.NONE if one.drop is None else points(one.drop.points),
        (span(one.drop) if one.drop else None) or words.NONE,
        words.share(one.ap50),
        words.NONE if one.peak_memory_mb is None else f"{one.peak_memory_mb:.0f}",
    )


def mark(answer: Recommendation, one: Candidate) -> str:
    """Return what a candidate is: the pick, on the front, or neither."""
    return PICK if one.name == answer.pick else FRONT if one.on_front else ""


def remark(one: Candidate) -> str:
    """Return what is against a candidate, and what is not certain about it."""
    against = "; ".join(problem.words for problem in one.problems) or one.why_not or ""
    return "; ".join(part for part in (against, *one.cautions) if part)


def headline(answer: Recommendation) -> str:
    """Return the answer in a few words."""
    if answer.pick is None:
        return "No variant does."
    return f"Take {answer.pick}{', provisionally' if answer.outcome == 'provisional' else ''}."


def wanted_sentence(answer: Recommendation) -> str:
    """Return what was asked for."""
    wanted = answer.wanted
    where = f" on {wanted.board}" if wanted.board else ""
    return (
        f"Wanted{where}: {wanted.fps:g} frames a second ({milliseconds(wanted.limit_ms)} ms a frame, {wanted.quantile} "
        f"end to end), at most {allowance(wanted.max_drop_points)} of AP50 lost."
    )


def machine_sentence(answer: Recommendation) -> str:
    """Return what the times were measured on, and what they were not."""
    machine = answer.machine
    name = f"{machine.board}, {machine.processor}" if machine.board else machine.processor
    there = f", not on {answer.wanted.board}" if answer.elsewhere else ""
    return f"Times: measured on {name} with {words.count(machine.cores, 'core')}{there} ({answer.measured_by})."


def accuracy_sentence(answer: Recommendation) -> str:
    """Return where the drops are from."""
    found = answer.accuracy
    return (
        f"Drops: {found.source}, {words.count(found.images, 'picture')}, against {found.reference} "
        f"(AP50 {words.share(found.reference_ap50)})."
    )


def advice(answer: Recommendation) -> str | None:
    """Return what turns a provisional answer into one that holds, or None where there is nothing to do."""
    if not answer.elsewhere:
        return None
    return (
        f"To make sure: run `skerry bench MODEL --json board.json` on a {answer.wanted.board}, and give the file with "
        f"--results board.json."
    )

"""The rules by which a file passes or fails, and nothing but the rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from skerry_converters.gates.accuracy import AccuracyFigures
from skerry_converters.gates.boxes import BoxFigures
from skerry_converters.gates.metrics import OutputFigures

Outcome = Literal["passed", "failed", "undecided"]
DecidedBy = Literal["load", "run", "values", "colour", "error", "sqnr", "copy", "accuracy", "boxes", "nothing"]
EXACT_PRECISIONS = ("fp32",)
HALF_PRECISIONS = ("fp16",)


class Limits(Struct, frozen=True, kw_only=True):
    """What a file must keep to; the defaults are those of `skerry convert`.

    ``max_drop`` is in points of mAP. ``matched_share`` counts from ``fewest_boxes`` boxes of the source. More than
    ``invented_share`` boxes that the source does not have fail a file, too: it would match any box.
    """

    fp32_max_abs_error: float = 1e-3
    fp16_sqnr_db: float = 40.0
    integer_sqnr_db: float = 6.0
    max_drop: float = 2.0
    matched_share: float = 0.8
    invented_share: float = 0.5
    fewest_boxes: int = 50
    colour_gain_db: float = 1.0


class ColourFigures(Struct, frozen=True, kw_only=True):
    """Mean SQNR of the outputs over ``inputs`` pictures, as fed and with red and blue exchanged in the input."""

    inputs: int
    fed_db: float
    exchanged_db: float


class Verdict(Struct, frozen=True, kw_only=True):
    """The outcome, what decided it, and why in words; "undecided" means that there was too little to judge by."""

    outcome: Outcome
    decided_by: DecidedBy
    reasons: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the file may go into a bundle: it did not fail."""
        return self.outcome != "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What was measured for one file.

    ``comparable`` is False for outputs that are lists in order of score (SSD's post-processing): value by value they
    say nothing. ``copied`` says that the file is one of the source's own, byte for byte.
    """

    precision: str
    outputs: tuple[OutputFigures, ...]
    boxes: BoxFigures | None = None
    accuracy: AccuracyFigures | None = None
    colour: ColourFigures | None = None
    comparable: bool = True
    copied: bool = False


def judge(evidence: Evidence, limits: Limits) -> Verdict:
    """Apply the rules: values and colours first, then error or SQNR by precision, for integers last the task.

    Where nothing can have been lost, no task is asked for.
    """
    broken = _broken_values(evidence) or _wrong_colour(evidence.colour, limits)
    if broken:
        return broken
    if evidence.comparable and evidence.precision in EXACT_PRECISIONS:
        return _by_error(evidence.outputs, limits.fp32_max_abs_error)
    if evidence.comparable:
        half = evidence.precision in HALF_PRECISIONS
        floor_db = limits.fp16_sqnr_db if half else limits.integer_sqnr_db
        verdict = _by_sqnr(evidence.outputs, floor_db)
        if half or not verdict.passed:
            return verdict
    return _same(evidence) or _by_task(evidence, limits)


def _same(evidence: Evidence) -> Verdict | None:
    """Return the verdict on a file that loses nothing: a copy, or one that gives all that its source gives."""
    if evidence.copied:
        reason = "it is the source's own file, byte for byte; what differs is the kernels that computed it"
        return Verdict(outcome="passed", decided_by="copy", reasons=(reason,))
    if evidence.outputs and all(one.exact for one in evidence.outputs):
        reason = "no value of any output differs from the source's"
        return Verdict(outcome="passed", decided_by="error", reasons=(reason,))
    return None


def _broken_values(evidence: Evidence) -> Verdict | None:
    reasons = []
    for one in evidence.outputs:
        if one.not_finite:
            reasons.append(f"output '{one.name}' holds {one.not_finite} values that are not finite")
        elif one.constant and not one.source_constant:
            reasons.append(f"output '{one.name}' has the same value everywhere")
        elif one.constant and evidence.comparable:
            # In a list of boxes, the number of them may well be one number always.
            reasons.append(
                f"output '{one.name}' has the same value everywhere, as the source's has: that proves nothing"
            )
        elif one.stuck:
            reasons.append(f"output '{one.name}' is the same for every input")
    return Verdict(outcome="failed", decided_by="values", reasons=tuple(reasons)) if reasons else None


def _wrong_colour(colour: ColourFigures | None, limits: Limits) -> Verdict | None:
    if colour is None or colour.exchanged_db - colour.fed_db <= limits.colour_gain_db:
        return None
    # Of two results that have nothing to do with the source's, one is better by chance.
    if colour.exchanged_db < limits.integer_sqnr_db:
        return None
    reason = (
        f"it expects its colours in another order: {colour.fed_db:.1f} dB as fed, "
        f"{colour.exchanged_db:.1f} dB with red and blue exchanged"
    )
    return Verdict(outcome="failed", decided_by="colour", reasons=(reason,))


def _by_error(outputs: tuple[OutputFigures, ...], limit: float) -> Verdict:
    worst = max(outputs, key=lambda one: one.max_abs_error or 0.0)
    error = worst.max_abs_error or 0.0
    reason = f"output '{worst.name}' differs from the source by {error:.3g}, allowed are {limit:g}"
    return Verdict(outcome="failed" if error > limit else "passed", decided_by="error", reasons=(reason,))


def _by_sqnr(outputs: tuple[OutputFigures, ...], floor_db: float) -> Verdict:
    worst = min(outputs, key=_sqnr)
    ratio_db = _sqnr(worst)
    saturated = (
        f"; {worst.saturated_share:.0%} of its values are at the ends of its type" if worst.saturated_share else ""
    )
    reason = f"output '{worst.name}' has an SQNR of {ratio_db:.1f} dB, {floor_db:g} dB are needed{saturated}"
    return Verdict(outcome="passed" if ratio_db >= floor_db else "failed", decided_by="sqnr", reasons=(reason,))


def _sqnr(figures: OutputFigures) -> float:
    """Return the SQNR, infinite for an exact output and minus infinity where the source is zero and this is not."""
    if figures.sqnr_db is not None:
        return figures.sqnr_db
    return float("inf") if figures.exact else float("-inf")


def _by_task(evidence: Evidence, limits: Limits) -> Verdict:
    if evidence.accuracy is not None:
        return _by_accuracy(evidence.accuracy, limits.max_drop)
    boxes = evidence.boxes
    if boxes is None:
        reason = "the network's task is not known, so nothing says whether what was lost matters"
        return Verdict(outcome="undecided", decided_by="nothing", reasons=(reason,))
    if boxes.source_boxes < limits.fewest_boxes:
        reason = f"too little to judge by: {boxes.source_boxes} boxes of the source, {limits.fewest_boxes} are needed"
        return Verdict(outcome="undecided", decided_by="nothing", reasons=(reason,))
    return _by_boxes(boxes, limits)


def _by_accuracy(accuracy: AccuracyFigures, max_drop: float) -> Verdict:
    reason = (
        f"mAP {accuracy.variant_ap50:.1f}, the source has {accuracy.source_ap50:.1f}: {accuracy.drop:.1f} points lost "
        f"({accuracy.drop_low:.1f} to {accuracy.drop_high:.1f}), allowed are {max_drop:g}"
    )
    good = accuracy.drop <= max_drop
    reasons = [reason]
    if accuracy.drop_high > max_drop if good else accuracy.drop_low <= 0:
        reasons.append(f"with {accuracy.objects} labelled objects this may be chance: more gate data would tell")
    return Verdict(outcome="passed" if good else "failed", decided_by="accuracy", reasons=tuple(reasons))


def _by_boxes(boxes: BoxFigures, limits: Limits) -> Verdict:
    matched = (
        f"{boxes.matched} of the source's {boxes.source_boxes} boxes matched ({boxes.matched_share:.0%}), "
        f"{limits.matched_share:.0%} are needed"
    )
    invented = f"{boxes.invented_share:.0%} of its {boxes.variant_boxes} boxes are not the source's"
    if boxes.invented_share > limits.invented_share:
        return Verdict(outcome="failed", decided_by="boxes", reasons=(matched, invented))
    good = boxes.matched_share >= limits.matched_share
    return Verdict(outcome="passed" if good else "failed", decided_by="boxes", reasons=(matched,))

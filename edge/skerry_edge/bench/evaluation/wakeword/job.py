"""A whole evaluation of a wake word: recordings heard once, then counted at its cut-off and at others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from skerry_edge.audio.decision import DEFAULT_REFRACTORY_S
from skerry_edge.audio.model import find_model
from skerry_edge.bench.evaluation.versions import versions
from skerry_edge.bench.evaluation.wakeword.counting import WordCounter
from skerry_edge.bench.evaluation.wakeword.figures import LeftOut, WakeWordReport
from skerry_edge.bench.evaluation.wakeword.listening import Failed, hear_all, recordings_in
from skerry_edge.bench.evaluation.wakeword.onsets import word_start_s
from skerry_edge.bench.intervals import CONFIDENCE
from skerry_edge.foundation.errors import ConfigError, DataError

_PACKAGES = ("numpy", "ai-edge-litert", "pymicro-features", "soundfile", "soxr")


@dataclass(frozen=True, kw_only=True, slots=True)
class WakeWordOrder:
    """What is to be evaluated: folders of recordings with the word and without it, at least one of them.

    ``threshold`` None means the model's own cut-off.
    """

    model: str
    positives: Path | None
    negatives: Path | None
    threshold: float | None = None
    refractory_s: float = DEFAULT_REFRACTORY_S


def evaluate_wake_word(order: WakeWordOrder, bar: Progress) -> WakeWordReport:
    """Hear all recordings and count.

    A damaged recording is left out, and named in the report. Raises what `find_model` raises, ReachError and DataError
    for a folder without recordings, ConfigError for a recording in both folders, MissingError without the `wakeword`
    extra.
    """
    model = find_model(order.model)
    with_word = recordings_in(order.positives) if order.positives else []
    without = recordings_in(order.negatives) if order.negatives else []
    _refuse_both(with_word, without)
    task = bar.add_task("listening", total=len(with_word) + len(without))
    positives, failed = hear_all(model, with_word, word_start_s, lambda: bar.advance(task))
    negatives, failed_too = hear_all(model, without, lambda _path: None, lambda: bar.advance(task))
    cutoff = model.cutoff if order.threshold is None else order.threshold
    counter = WordCounter(positives, negatives, refractory_s=order.refractory_s)
    return WakeWordReport(
        word=model.word,
        model=order.model,
        cutoff=cutoff,
        refractory_s=order.refractory_s,
        confidence=CONFIDENCE,
        positives=counter.positives(cutoff) if order.positives else None,
        negatives=counter.negatives(cutoff) if order.negatives else None,
        sweep=counter.sweep(cutoff),
        missed=counter.missed(cutoff),
        false_accepts=counter.false_accepts(cutoff),
        left_out=tuple(_left_out(one) for one in (*failed, *failed_too)),
        versions=versions(_PACKAGES),
    )


def require_all_heard(report: WakeWordReport) -> None:
    """Raise DataError where recordings were left out."""
    if report.left_out:
        first = report.left_out[0]
        count = len(report.left_out)
        more = f" (and {count - 1} more)" if count > 1 else ""
        raise DataError(
            f"{count} recording{'s are' if count > 1 else ' is'} in no figure",
            where=f"{first.recording}{more}",
            found=first.reason,
        )


def _left_out(failed: Failed) -> LeftOut:
    error = failed.error
    return LeftOut(recording=failed.name, reason=f"{error.what}: {error.found}" if error.found else error.what)


def _refuse_both(with_word: list[Path], without: list[Path]) -> None:
    both = {path.resolve() for path in with_word} & {path.resolve() for path in without}
    if both:
        raise ConfigError(
            "a recording is among those with the word and among those without it",
            where=str(min(both)),
            todo="give two folders that do not overlap",
        )

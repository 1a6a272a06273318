"""What an evaluation of a wake word reports: plain values, in JSON as they stand here."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class DelayFigures(Struct, frozen=True, kw_only=True):
    """Seconds from where the word begins, or else from the file's start, to where it was detected.

    Where some recordings say where their word begins, only those are counted.
    """

    counted_from: Literal["word start", "file start"]
    recordings: int
    median_s: float
    p90_s: float
    longest_s: float


class PositiveFigures(Struct, frozen=True, kw_only=True):
    """Recordings with the word: in how many it was heard, as a share with exact bounds (Clopper-Pearson).

    ``early`` counts detections before the word began: they are false, and the word was not heard by them.
    """

    recordings: int
    heard: int
    recall: float | None
    low: float | None
    high: float | None
    early: int
    delay: DelayFigures | None


class NegativeFigures(Struct, frozen=True, kw_only=True):
    """Recordings without the word: how often it was heard all the same, with exact bounds (Garwood)."""

    recordings: int
    hours: float
    false_accepts: int
    false_accepts_per_hour: float | None
    low: float | None
    high: float | None


class SweepPoint(Struct, frozen=True, kw_only=True):
    """What another cut-off would have given."""

    cutoff: float
    recall: float | None
    recall_low: float | None
    recall_high: float | None
    false_accepts_per_hour: float | None
    false_accepts_low: float | None
    false_accepts_high: float | None


class MissedWord(Struct, frozen=True, kw_only=True):
    """A recording whose word was not heard, with its highest score."""

    recording: str
    best_score: float


class FalseAccept(Struct, frozen=True, kw_only=True):
    """A detection of nothing, and where."""

    recording: str
    time_s: float
    score: float


class LeftOut(Struct, frozen=True, kw_only=True):
    """A recording that is in no figure, and why."""

    recording: str
    reason: str


class WakeWordReport(Struct, frozen=True, kw_only=True):
    """Everything that was found out; ``positives`` or ``negatives`` is None where none were given."""

    word: str
    model: str
    cutoff: float
    refractory_s: float
    confidence: float
    positives: PositiveFigures | None
    negatives: NegativeFigures | None
    sweep: tuple[SweepPoint, ...]
    missed: tuple[MissedWord, ...]
    false_accepts: tuple[FalseAccept, ...]
    left_out: tuple[LeftOut, ...]
    versions: dict[str, str]

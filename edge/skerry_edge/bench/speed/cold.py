"""What a row's process is told, and what it says when it has started cold."""

from __future__ import annotations

from dataclasses import dataclass

from skerry_edge.bench.speed.result import ColdStart
from skerry_edge.bench.speed.subject import Subject, WakeWordSubject

WORKER = "skerry_edge.bench.speed.worker"


@dataclass(frozen=True, kw_only=True, slots=True)
class ColdOrder:
    """What to run; ``started_s`` is the system's monotonic clock just before the process was started."""

    subject: Subject | WakeWordSubject
    started_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """What it took to start; ``spare_mb`` are pictures in memory that a live pipeline would not hold."""

    cold_start: ColdStart
    spare_mb: float

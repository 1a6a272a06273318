"""Where in its schedule a run is: the stage, the learning rate, and how far the whole is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from skerry_converters.training.config import LearningPart, Stage


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """How far a run has come: all that its schedule depends on."""

    step: int = 0
    images: int = 0
    trained_s: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """What the schedule says at one position; ``done`` is the share of the whole run."""

    stage: Stage
    stage_number: int
    done: float
    learning_rate: float
    ema: float


class Schedule:
    """Stages one after the other, all measured in steps or all in minutes, under one cosine (arXiv 1608.03983)."""

    def __init__(self, stages: Sequence[Stage], learning: LearningPart) -> None:
        self._stages = tuple(stages)
        self._learning = learning
        self._ends: list[float] = []
        for stage in stages:
            self._ends.append((self._ends[-1] if self._ends else 0.0) + _length(stage))

    def at(self, position: Position) -> Moment | None:
        """Return what holds for the next step; None where the run is over."""
        spent = float(position.step) if self._stages[0].steps is not None else position.trained_s / 60
        number = next((number for number, end in enumerate(self._ends) if spent < end), None)
        if number is None:
            return None
        done = spent / self._ends[-1]
        return Moment(
            stage=self._stages[number],
            stage_number=number,
            done=done,
            learning_rate=self._rate(position.step, done),
            # An average over more steps than there were would still hold the weights that training began with.
            ema=min(self._learning.ema, (1 + position.step) / (10 + position.step)),
        )

    def _rate(self, step: int, done: float) -> float:
        learning = self._learning
        falling = learning.final_share + (1 - learning.final_share) * (1 + math.cos(math.pi * done)) / 2
        rising = min(1.0, (step + 1) / max(1, learning.warmup_steps))
        return learning.rate * falling * rising


def _length(stage: Stage) -> float:
    """Return a stage's length in the unit that it has; `config_checks` has seen that it has exactly one."""
    return float(stage.steps if stage.steps is not None else stage.minutes or 0.0)

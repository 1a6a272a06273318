"""The loop of a training: step after step along the schedule, with a validation and a save every few minutes."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from skerry_converters.layers import Network
from skerry_converters.training.batches import Batches
from skerry_converters.training.learner import Learner
from skerry_converters.training.metrics import MetricsLog, TrainingEntry, ValidationEntry
from skerry_converters.training.samples import Sample
from skerry_converters.training.saving import Saver
from skerry_converters.training.schedule import Moment, Position, Schedule
from skerry_converters.training.summary import Summary
from skerry_converters.training.validation import validate
from skerry_converters.training.watching import Watcher
from skerry_edge.foundation.termination import stop_requests

LOG_STEPS = 50
"""So many steps are averaged in one line of the log."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loop:
    """All that a run needs; boxes are drawn to their anchors for the first ``pulled_images``."""

    schedule: Schedule
    batches: Batches
    learner: Learner
    network: Network
    validations: Sequence[Sample]
    log: MetricsLog
    saver: Saver
    watcher: Watcher
    save_minutes: float
    pulled_images: int

    def run(self, start: Position) -> Summary:
        """Train from ``start`` to the schedule's end, and return what came of it.

        After a signal that asks for the end all is saved, and KeyboardInterrupt or SystemExit raised. Raises what
        steps, samples and files raise.
        """
        position = start
        clock = _Clock(start)
        tally = _Tally(start)
        with stop_requests() as stop:
            while (moment := self.schedule.at(position)) is not None and not stop.is_made:
                batch = self.batches.batch(position, moment)
                pull = float(position.images < self.pulled_images)
                figures = self.learner.step(batch, moment, anchor_pull=pull)
                position = Position(
                    step=position.step + 1, images=position.images + moment.stage.batch, trained_s=clock.trained_s()
                )
                tally.add(figures)
                self.watcher.advanced(moment.done)
                if position.step % LOG_STEPS == 0:
                    self._measured(tally.entry(position, moment))
                if clock.since_save_s() > 60 * self.save_minutes:
                    self._save(replace(position, trained_s=clock.trained_s()), finished=False)
                    clock.saved()
            summary = self._save(position, finished=moment is None)
        if moment is not None:
            self.watcher.note(f"stopped and saved at step {position.step}; the same command goes on from there")
            stop.obey()
        return summary

    def _save(self, position: Position, *, finished: bool) -> Summary:
        score = validate(self.learner.infer, self.network, self.validations)
        entry = ValidationEntry(
            step=position.step,
            images=position.images,
            minutes=position.trained_s / 60,
            ap50=None if math.isnan(score.ap50) else score.ap50,
            false_per_empty=score.false_per_empty,
        )
        self._measured(entry)
        return self.saver.save(self.learner, position, entry, finished=finished)

    def _measured(self, entry: TrainingEntry | ValidationEntry) -> None:
        self.log.append(entry)
        self.watcher.measured(entry)


class _Clock:
    """The time that a run has trained, over all the processes that it was done in."""

    def __init__(self, start: Position) -> None:
        self._begun = time.monotonic() - start.trained_s
        self._saved = time.monotonic()

    def trained_s(self) -> float:
        return time.monotonic() - self._begun

    def since_save_s(self) -> float:
        return time.monotonic() - self._saved

    def saved(self) -> None:
        self._saved = time.monotonic()


@dataclass(kw_only=False, slots=True)
class _Tally:
    """Figures summed up since the last entry of the log."""

    since: Position
    sums: dict[str, float] = field(default_factory=dict)

    def add(self, figures: dict[str, float]) -> None:
        for name, value in figures.items():
            self.sums[name] = self.sums.get(name, 0.0) + value

    def entry(self, position: Position, moment: Moment) -> TrainingEntry:
        steps = position.step - self.since.step
        entry = TrainingEntry(
            step=position.step,
            images=position.images,
            minutes=position.trained_s / 60,
            stage=moment.stage_number,
            side_px=moment.stage.side_px,
            learning_rate=moment.learning_rate,
            images_per_s=(position.images - self.since.images) / max(1e-9, position.trained_s - self.since.trained_s),
            **{name: value / steps for name, value in self.sums.items()},
        )
        self.since, self.sums = position, {}
        return entry

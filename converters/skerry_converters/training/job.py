"""A training from its configuration to its files: all that is opened and made ready before the first step."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from skerry_converters.layers import Network
from skerry_converters.training.anchors import find_anchors
from skerry_converters.training.architecture import CELL_PX, Anchors, tiny_yolo_v2
from skerry_converters.training.batches import Batches
from skerry_converters.training.checkpoint import Checkpoint, read_checkpoint
from skerry_converters.training.config import TrainingConfig
from skerry_converters.training.config_checks import fingerprint
from skerry_converters.training.convolutions import Trained, fresh
from skerry_converters.training.data import TrainingData, open_data
from skerry_converters.training.learner import Learner
from skerry_converters.training.loop import Loop
from skerry_converters.training.metrics import MetricsLog
from skerry_converters.training.producers import Producers, producers
from skerry_converters.training.replay import ReplayPlan
from skerry_converters.training.run_folder import RunFolder, hold_folder
from skerry_converters.training.samples import Sample, SampleSource
from skerry_converters.training.saving import Saver
from skerry_converters.training.schedule import Position, Schedule
from skerry_converters.training.settling import settled
from skerry_converters.training.start import StartModel, adopted, read_start
from skerry_converters.training.summary import Summary, read_summary
from skerry_converters.training.watching import Watcher
from skerry_edge.foundation.errors import ConfigError, DataError

DEFAULT_ANCHORS = 5
"""As many as YOLOv2 has."""
PULLED_IMAGES = 12_800
"""Darknet draws boxes to their anchors while it has seen fewer pictures (`forward_region_layer`)."""
SETTLING_PICTURES = 128


def run_training(config: TrainingConfig, base: Path, folder: Path, watcher: Watcher) -> Summary:
    """Train as ``config`` says, its relative paths taken from ``base``, and return what came of it.

    A run that was interrupted goes on from its last checkpoint in ``folder``; one that is finished is not done again.
    Raises ConfigError (also where the folder holds a run of another configuration), DataError and its kinds for
    pictures and labels, ReachError, DivergedError, and after a signal KeyboardInterrupt or SystemExit, when all is
    saved.
    """
    data = open_data(config, base)
    start = None if config.start is None else read_start(config.start, base)
    with hold_folder(folder, config.name) as files:
        own = fingerprint(config, data.labels)
        checkpoint = _own_checkpoint(files, own)
        summary = read_summary(files.summary)
        if checkpoint is None and summary is None:
            _require_no_network(files)
        if checkpoint is not None and summary is not None and _is_finished(files, checkpoint, summary):
            watcher.note(f"this training is finished already; to train again, give another folder than {folder}")
            # The folder may have been moved since, or be called from elsewhere.
            return replace(summary, files={role: str(path) for role, path in files.network.items()})
        prepared = _Preparation(config=config, data=data, start=start, watcher=watcher)
        return prepared.run(files, own, checkpoint)


def _own_checkpoint(files: RunFolder, expected: str) -> Checkpoint | None:
    checkpoint = read_checkpoint(files.checkpoint)
    if checkpoint is not None and checkpoint.fingerprint != expected:
        raise ConfigError(
            "the folder holds a training of another configuration, or of other classes",
            where=str(files.checkpoint),
            todo="give the configuration that it was begun with, or choose another folder with --out",
        )
    return checkpoint


def _require_no_network(files: RunFolder) -> None:
    """Raise ConfigError where no training wrote what this one would replace."""
    foreign = next((path for path in files.network.values() if path.exists()), None)
    if foreign is not None:
        raise ConfigError(
            "the folder holds a network that no training here wrote, and this one would replace it",
            where=str(foreign),
            todo="choose another folder with --out, or another name in the configuration",
        )


def _is_finished(files: RunFolder, checkpoint: Checkpoint, summary: Summary) -> bool:
    """Tell whether all is there: a summary may be of an earlier run here, and files may have been removed since."""
    is_of_checkpoint = summary.finished and summary.steps == checkpoint.position.step
    return is_of_checkpoint and all(path.exists() for path in files.network.values())


def _restore(learner: Learner, checkpoint: Checkpoint, path: Path) -> None:
    try:
        learner.restore(checkpoint.state)
    except ValueError as error:
        raise DataError(
            "the checkpoint is not of this network",
            where=str(path),
            found=str(error),
            todo="it may be of another version of Skerry, or its start was replaced; remove it to begin anew",
        ) from error


@dataclass(frozen=True, kw_only=True, slots=True)
class _Preparation:
    """What is known before anything is made."""

    config: TrainingConfig
    data: TrainingData
    start: StartModel | None
    watcher: Watcher

    def run(self, files: RunFolder, own: str, checkpoint: Checkpoint | None) -> Summary:
        """Make all ready, and train from ``checkpoint`` on or from the beginning."""
        config = self.config
        position = checkpoint.position if checkpoint else Position()
        log = MetricsLog(files.metrics)
        log.go_back(position.step)
        if checkpoint:
            self.watcher.note(f"going on from step {position.step}")
        validations = self._validations()
        plan = ReplayPlan(
            capacity=config.pool.capacity,
            first=config.pool.first,
            reuse=config.pool.reuse,
            length=self.data.train.length,
        )
        with self._producers(self.data.train, start=plan.window(position.images).start) as feed:
            batches = Batches(feed, plan, config.augmentation, seed=config.seed)
            self._fill(batches, position)
            anchors = checkpoint.anchors if checkpoint else self._anchors(batches.held())
            network = self._network(anchors)
            learner = Learner(network, self._weights(network, batches.held()), config.learning, config.loss)
            if checkpoint:
                _restore(learner, checkpoint, files.checkpoint)
            loop = Loop(
                schedule=Schedule(config.stages, config.learning),
                batches=batches,
                learner=learner,
                network=network,
                validations=validations,
                log=log,
                saver=Saver(files=files, config=config, fingerprint=own, network=network, labels=self.data.labels),
                watcher=self.watcher,
                save_minutes=config.run.save_minutes,
                pulled_images=0 if self.start else PULLED_IMAGES,
            )
            return loop.run(position)

    def _producers(self, source: SampleSource, *, start: int = 0) -> AbstractContextManager[Producers]:
        network, count = self.config.network, self.config.run.producers
        return producers(source, side_px=network.side_px, resize=network.resize, count=count, start=start)

    def _validations(self) -> list[Sample]:
        """Make the pictures to validate on, once for the whole run."""
        total = self.data.validations
        made = []
        with self._producers(self.data.validation) as feed:
            for done in range(total):
                self.watcher.preparing("pictures to validate on", done, total)
                made.append(feed.next())
        return made

    def _fill(self, batches: Batches, position: Position) -> None:
        total = batches.missing(position)
        for done in range(total):
            self.watcher.preparing("pictures to train on", done, total)
            batches.take_one(position)

    def _anchors(self, samples: list[Sample]) -> Anchors:
        """Return the anchors that the configuration gives, else the start's, else those of the first pictures."""
        wanted = self.config.network.anchors
        if isinstance(wanted, tuple):
            return wanted
        if wanted is None and self.start:
            return self.start.anchors
        corners = np.concatenate([one.boxes_px for one in samples]).astype(np.float64)
        return find_anchors((corners[:, 2:] - corners[:, :2]) / CELL_PX, wanted or DEFAULT_ANCHORS)

    def _network(self, anchors: Anchors) -> Network:
        part = self.config.network
        default = self.start.width if self.start else 1.0
        width = default if part.width is None else part.width
        return tiny_yolo_v2(len(self.data.labels), anchors, width=width, side_px=part.side_px)

    def _weights(self, network: Network, samples: list[Sample]) -> Trained:
        scratch = fresh(network, self.config.seed)
        if self.start is None:
            return scratch
        taken = adopted(self.start, network, scratch, self.data.labels)
        return settled(network, taken, _pictures(samples[:SETTLING_PICTURES]))


def _pictures(samples: list[Sample]) -> NDArray[np.uint8]:
    return np.stack([one.pixels[..., ::-1] for one in samples])

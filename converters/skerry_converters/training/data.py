"""What a configuration's data part stands for: the classes, the pictures to train on and those to validate on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from skerry_converters.labels import read_label_names
from skerry_converters.rendering.classes import SIGN_LABELS
from skerry_converters.rendering.scene import SceneOptions
from skerry_converters.training.config import FolderData, RenderedData, TrainingConfig
from skerry_converters.training.pictures import LabelledPictures, check_labels, set_aside
from skerry_converters.training.rendered import RenderedScenes
from skerry_converters.training.samples import SampleSource
from skerry_edge.bench.annotations.dataset import read_dataset
from skerry_edge.foundation.errors import ConfigError, DataError


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingData:
    """The classes' names, and two sources that have no picture in common; ``validations`` are taken of the second."""

    labels: tuple[str, ...]
    train: SampleSource
    validation: SampleSource
    validations: int


def open_data(config: TrainingConfig, base: Path) -> TrainingData:
    """Open the data of a configuration; relative paths are taken from ``base``.

    Raises ConfigError, ReachError, ImageError and AnnotationError, each naming file and place: all labels are read and
    checked, before training begins.
    """
    match config.data:
        case RenderedData() as data:
            return _rendered(data, config)
        case FolderData() as data:
            return _folder(data, config.seed, base)


def _rendered(data: RenderedData, config: TrainingConfig) -> TrainingData:
    options = SceneOptions(
        sign_px=data.sign_px,
        most_signs=data.most_signs,
        most_lookalikes=data.most_lookalikes,
        signless_share=data.signless_share,
    )
    side = config.network.side_px
    return TrainingData(
        labels=SIGN_LABELS,
        train=RenderedScenes(split="train", seed=config.seed, side_px=side, options=options),
        validation=RenderedScenes(split="validation", seed=config.seed, side_px=side, options=SceneOptions()),
        validations=data.validation,
    )


def _folder(data: FolderData, seed: int, base: Path) -> TrainingData:
    labels = _labels(base / data.labels)
    folder = base / data.path
    pictures = read_dataset(folder, labels).pictures
    if isinstance(data.validation, str):
        train, validation = pictures, read_dataset(base / data.validation, labels).pictures
    else:
        train, validation = set_aside(pictures, data.validation, seed=seed, where=str(folder))
    check_labels(validation)
    if not check_labels(train):
        raise DataError("none of the pictures to train on shows an object", where=str(folder), todo="label some")
    return TrainingData(
        labels=labels,
        train=LabelledPictures(pictures=train, seed=seed),
        validation=LabelledPictures(pictures=validation, seed=seed),
        validations=len(validation),
    )


def _labels(path: Path) -> tuple[str, ...]:
    _, labels = read_label_names(path)
    if not labels:
        raise ConfigError("the labels file names no class", where=str(path), todo="write one class a line")
    repeated = next((one for number, one in enumerate(labels) if one in labels[:number]), None)
    if repeated is not None:
        raise ConfigError("a class is named twice", where=str(path), found=f"'{repeated}'")
    return labels

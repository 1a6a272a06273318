"""Calibration data opened by what it is: a folder of pictures or recordings, a video, or a NPZ file."""

from __future__ import annotations

from pathlib import Path

from skerry_converters.calibration.arrays import ArraySource
from skerry_converters.calibration.calibration_set import CalibrationSet
from skerry_converters.calibration.feeds import ModelInput
from skerry_converters.calibration.items import CalibrationError, Progress, Source
from skerry_converters.calibration.manifest import CalibrationRecord, Choice, recorded
from skerry_converters.calibration.pictures import PictureSource
from skerry_converters.calibration.recordings import RecordingFeatures
from skerry_converters.calibration.video import FrameSource
from skerry_edge.contracts.manifest import AudioInput, ImageInput, Tensor
from skerry_edge.foundation.errors import ConfigError, ReachError
from skerry_edge.vision.video import VIDEO_SUFFIXES

DEFAULT_LIMIT = 300
DEFAULT_SEED = 0


def open_calibration(
    path: Path,
    model_input: ModelInput,
    tensor: Tensor,
    *,
    limit: int = DEFAULT_LIMIT,
    seed: int = DEFAULT_SEED,
    progress: Progress = lambda _done, _total: None,
) -> CalibrationSet:
    """Choose and check calibration data for a network whose float input is ``tensor``.

    ``path`` is a folder of pictures (plain, or a VOC, YOLO or COCO data set), a video, a NPZ file of inputs that were
    preprocessed before, or for a network that listens a folder of WAV and FLAC files. At most ``limit`` pictures,
    frames, rows or recordings are chosen by ``seed``, and each is read once: an unreadable one is an error that names
    it. Raises ConfigError for a limit below 1 or data that this kind of network has no use for, ReachError, ImageError,
    VideoError, CalibrationError.
    """
    if limit < 1:
        raise ConfigError("at least one sample is needed to calibrate with", found=f"a limit of {limit}")
    source = _source(path, model_input, tensor)
    items, found = source.survey(limit, seed, progress)
    choice = Choice(found=found, limit=limit, seed=seed)
    return CalibrationSet(source=source, items=items, choice=choice, model_input=model_input, tensor=tensor)


def reopen_calibration(
    path: Path,
    record: CalibrationRecord,
    model_input: ModelInput,
    tensor: Tensor,
    *,
    progress: Progress = lambda _done, _total: None,
) -> CalibrationSet:
    """Open what was calibrated with before: the items of ``record`` and no others, in its order.

    ``path`` holds them under their own names; what was found, but not chosen or set aside then, may be gone. Raises as
    `open_calibration`, and CalibrationError where the items do not come out as they are recorded.
    """
    source = _source(path, model_input, tensor)
    surveyed, _ = source.survey(record.limit, record.seed, progress)
    wanted = set(record.items)
    items = tuple(item for item in surveyed if recorded(item) in wanted)
    if tuple(map(recorded, items)) != record.items:
        raise CalibrationError(
            "the calibration data does not come out as it is recorded",
            where=str(path),
            found=f"{len(items)} of {len(record.items)} {record.kind}, or in another order",
        )
    choice = Choice(found=record.found, limit=record.limit, seed=record.seed, part=record.part)
    return CalibrationSet(source=source, items=items, choice=choice, model_input=model_input, tensor=tensor)


def _source(path: Path, model_input: ModelInput, tensor: Tensor) -> Source:
    if not path.exists():
        raise ReachError("there is no calibration data here", where=str(path), todo="check the path")
    if path.suffix.lower() == ".npz":
        return ArraySource(path, model_input, tensor)
    if isinstance(model_input, AudioInput):
        if not path.is_dir():
            raise _unfit(path, "a network that listens is calibrated with a folder of recordings, or a NPZ file")
        return RecordingFeatures(path, model_input, tensor)
    if not isinstance(model_input, ImageInput):
        raise _unfit(path, "a network whose input has no known meaning takes a NPZ file; --manifest says what it means")
    if path.is_dir():
        return PictureSource(path)
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return FrameSource(path)
    raise _unfit(path, "a network that looks is calibrated with a folder of pictures, a video, or a NPZ file")


def _unfit(path: Path, todo: str) -> ConfigError:
    found = "a folder" if path.is_dir() else path.suffix or "a file"
    return ConfigError("this cannot be calibrated with", where=str(path), found=found, todo=todo)

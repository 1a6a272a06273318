"""Yolo-Fastest on 50 real photographs: calibrated with one half, judged on the other, both ways round."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skerry_converters.accuracy.recipe import Aim
from skerry_converters.darknet.source import load_darknet
from skerry_converters.families.apart import make_apart
from skerry_converters.families.base import Emitted
from skerry_converters.families.registry import TARGETS
from skerry_converters.model import Thresholds
from skerry_converters.sources.darknet import DarknetSource
from skerry_edge.backends.registry import open_backend
from skerry_edge.bench.annotations.voc import read_voc
from skerry_edge.bench.average_precision import mean_average_precision
from skerry_edge.bench.matching import Matcher, Matches
from skerry_edge.contracts.manifest import ImageInput
from skerry_edge.vision.decoders.registry import decoder_for
from skerry_edge.vision.images import decode_image
from skerry_edge.vision.preprocess import Preprocessor

SCORE = 0.005
"""Low enough that the precision-recall curve is whole."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pictures:
    """Photographs as a source's inputs, read from disk at every iteration."""

    paths: tuple[Path, ...]
    source: DarknetSource

    def __len__(self) -> int:
        """Return the number of photographs."""
        return len(self.paths)

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Give the inputs one by one."""
        preprocessor = Preprocessor(_image(self.source), self.source.facts.inputs[0])
        return (preprocessor.run(read_picture(path))[0].copy() for path in self.paths)


@dataclass(frozen=True, kw_only=True, slots=True)
class Halves:
    """mAP in points of the float file and of a target, on each half, calibrated with the other, and on all at once."""

    float_points: tuple[float, ...]
    target_points: tuple[float, ...]
    emitted: Emitted

    @property
    def drops(self) -> tuple[float, ...]:
        """How many points the target lost on each half, then on all photographs together."""
        return tuple(before - after for before, after in zip(self.float_points, self.target_points, strict=True))


def data_folder() -> Path:
    """Return the folder of real data. Raises FileNotFoundError where it is absent."""
    root = Path(__file__).resolve().parent.parent
    folder = Path(os.environ.get("SKERRY_DATA", root.parent / "shared" / "data"))
    if not (folder / "voc" / "images").is_dir():
        raise FileNotFoundError("no real photographs: set SKERRY_DATA to the folder of test data")
    return folder


def yolo_fastest(folder: Path) -> DarknetSource:
    """Return Yolo-Fastest for VOC's 20 classes."""
    files = [folder / "darknet" / name for name in ("yolo-fastest-voc.cfg", "yolo-fastest-voc.weights", "voc.names")]
    return DarknetSource(model=load_darknet(*files, resize="stretch", thresholds=Thresholds(score=SCORE)))


def photographs(folder: Path) -> tuple[Path, ...]:
    """Return the photographs in order of their names."""
    return tuple(sorted((folder / "voc" / "images").glob("*.jpg")))


def both_ways(target: str, source: DarknetSource, paths: Sequence[Path], work: Path, aim: Aim | None = None) -> Halves:
    """Make a target from each half of the photographs and judge it, and the float file, on the other."""
    halves = paths[0::2], paths[1::2]
    float_file = _made("onnx-fp32", source, None, work)
    before, after = [], []
    for calibrated, judged in (halves, halves[::-1]):
        emitted = _made(target, source, Pictures(paths=tuple(calibrated), source=source), work, aim)
        before.append(_matched(float_file, source, judged))
        after.append(_matched(emitted, source, judged))
    return Halves(float_points=_points(before), target_points=_points(after), emitted=emitted)


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Return a picture as BGR. Raises ImageError."""
    return decode_image(path.read_bytes(), where=str(path))


def _made(target: str, source: DarknetSource, samples: Pictures | None, work: Path, aim: Aim | None = None) -> Emitted:
    return make_apart(target, source, samples, Path(tempfile.mkdtemp(dir=work)), goal=aim)


def _matched(emitted: Emitted, source: DarknetSource, paths: Sequence[Path]) -> Matcher:
    labels, image = source.model.labels, _image(source)
    preprocessor = Preprocessor(image, emitted.inputs[0])
    decoder = decoder_for(source.model.decoder, emitted.outputs, image)
    backend = open_backend(TARGETS[emitted.target].backend, emitted.runnable)
    matcher = Matcher(len(labels))
    for path in paths:
        tensor, geometry = preprocessor.run(read_picture(path))
        annotation = read_voc(path.parent.parent / "annotations" / f"{path.stem}.xml", labels)
        found = decoder.decode(backend.infer((tensor,)), geometry)
        matcher.add(found, annotation.truth(geometry.source))
    backend.close()
    return matcher


def _image(source: DarknetSource) -> ImageInput:
    return source.model.image


def _points(halves: Sequence[Matcher]) -> tuple[float, ...]:
    first, second = (one.matches() for one in halves)
    return tuple(100 * mean_average_precision(one, "11-point") for one in (first, second, _joined(first, second)))


def _joined(first: Matches, second: Matches) -> Matches:
    return Matches(
        image_ids=np.concatenate([first.image_ids, second.image_ids + first.images]),
        class_ids=np.concatenate([first.class_ids, second.class_ids]),
        scores=np.concatenate([first.scores, second.scores]),
        hits=np.concatenate([first.hits, second.hits]),
        positives=np.concatenate([first.positives, second.positives]),
    )

"""The pictures that a model is held against, all of them checked before anything is measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.bench.annotations.dataset import LabelledPicture, Layout, read_dataset
from skerry_edge.bench.ground_truth import GroundTruth
from skerry_edge.foundation.errors import ConfigError, DataError, SkerryError
from skerry_edge.vision.geometry import Size
from skerry_edge.vision.images import read_image

_MOST_NAMED = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedPicture:
    """A picture that decodes, and the labels that lie inside it; ``name`` is its path below the folder."""

    name: str
    path: Path
    size: Size
    truth: GroundTruth


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledSet:
    """A whole folder, pictures sorted by name."""

    folder: Path
    layout: Layout
    pictures: tuple[CheckedPicture, ...]


def read_labelled(
    folder: Path, labels: tuple[str, ...], expect: Callable[[int], None], checked: Callable[[], None]
) -> LabelledSet:
    """Read annotations and decode every picture; ``expect`` is told how many, ``checked`` called after each.

    Raises what `read_dataset` raises, and DataError or ReachError naming every picture that does not decode or that its
    labels do not fit: figures over a part of a folder would not be comparable with those over all of it.
    """
    _refuse_repeats(labels)
    dataset = read_dataset(folder, labels)
    expect(len(dataset.pictures))
    pictures, faults = [], []
    for one in dataset.pictures:
        try:
            pictures.append(_checked(one))
        except SkerryError as error:
            faults.append(error)
        checked()
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise _all_of(faults, folder, len(dataset.pictures))
    return LabelledSet(folder=folder, layout=dataset.layout, pictures=tuple(pictures))


def _checked(one: LabelledPicture) -> CheckedPicture:
    height, width = read_image(one.path).shape[:2]
    size = Size(width, height)
    return CheckedPicture(name=one.name, path=one.path, size=size, truth=one.annotation.truth(size))


def _all_of(faults: list[SkerryError], folder: Path, pictures: int) -> DataError:
    named = "\n    ".join(str(fault) for fault in faults[:_MOST_NAMED])
    more = f"\n    and {len(faults) - _MOST_NAMED} more" if len(faults) > _MOST_NAMED else ""
    return DataError(
        f"{len(faults)} of {pictures} pictures cannot be used",
        where=str(folder),
        found=f"\n    {named}{more}",
        todo="correct or remove them: figures over the others would not be those of this folder",
    )


def _refuse_repeats(labels: tuple[str, ...]) -> None:
    name, count = Counter(labels).most_common(1)[0]
    if count > 1:
        raise ConfigError("two classes of the model have one name", where="the manifest's labels", found=f"'{name}'")

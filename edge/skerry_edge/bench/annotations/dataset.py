"""A folder of labelled pictures: which of the known layouts it has, and each picture with its annotation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from skerry_edge.bench.annotations.annotation import Annotation, AnnotationError
from skerry_edge.bench.annotations.coco import read_coco
from skerry_edge.bench.annotations.voc import read_voc
from skerry_edge.bench.annotations.yolo import read_yolo
from skerry_edge.foundation.errors import ConfigError, ReachError
from skerry_edge.vision.errors import ImageError
from skerry_edge.vision.images import IMAGE_SUFFIXES

Layout = Literal["voc", "yolo", "coco"]
PICTURE_FOLDERS = ("JPEGImages", "images")
VOC_FOLDERS = ("Annotations", "annotations")
YOLO_FOLDER = "labels"
EXPECTED = "expected JPEGImages or images beside Annotations (VOC, XML), labels (YOLO, txt) or one COCO JSON file"


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledPicture:
    """A picture with what its annotation says; ``name`` is its path below the data set's folder, with slashes."""

    name: str
    path: Path
    annotation: Annotation


@dataclass(frozen=True, kw_only=True, slots=True)
class Dataset:
    """Labelled pictures of one layout, sorted by name."""

    folder: Path
    layout: Layout
    pictures: tuple[LabelledPicture, ...]


def read_dataset(folder: Path, classes: Sequence[str]) -> Dataset:
    """Read all annotations of ``folder``; ``classes`` are the model's labels. No picture is opened.

    Every picture must have its annotation; annotations of pictures that are not there are left alone in VOC and YOLO,
    where the pictures make the data set, and are an error in COCO, where the list does. Raises ConfigError for a folder
    without annotations or with several kinds, ReachError, ImageError for one without pictures, AnnotationError naming
    the file.
    """
    layout, source = _layout(folder, picture_root(folder))
    found = _from_coco(folder, source, classes) if layout == "coco" else _beside(folder, source, layout, classes)
    return Dataset(folder=folder, layout=layout, pictures=tuple(sorted(found, key=lambda one: one.name)))


def is_labelled(folder: Path) -> bool:
    """Tell whether ``folder`` has annotations of any known layout. Raises ReachError where it cannot be read."""
    return bool(_layouts(folder, picture_root(folder)))


def picture_root(folder: Path) -> Path:
    """Return where a data set's pictures lie: in its picture folder where it has one, else in ``folder`` itself."""
    return next((folder / name for name in PICTURE_FOLDERS if (folder / name).is_dir()), folder)


def find_pictures(folder: Path) -> tuple[Path, ...]:
    """Return a data set's pictures, sorted: those in its picture folder and below, else all in ``folder`` and below.

    A picture is told by its ending; hidden files are left out. Raises ReachError where the folder cannot be read,
    ImageError where it holds no picture.
    """
    root = picture_root(folder)
    found = [path for path in _files(root) if path.suffix.lower() in IMAGE_SUFFIXES]
    if not found:
        raise ImageError(
            "the folder holds no pictures", where=str(root), todo=f"known endings: {' '.join(sorted(IMAGE_SUFFIXES))}"
        )
    return tuple(found)


_READERS: dict[str, tuple[Callable[[Path, Sequence[str]], Annotation], str]] = {
    "voc": (read_voc, ".xml"),
    "yolo": (read_yolo, ".txt"),
}


def _files(root: Path) -> list[Path]:
    try:
        if not root.is_dir():
            raise ReachError("there is no such folder", where=str(root))
        return sorted(
            path
            for path in root.rglob("*")
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts)
        )
    except OSError as error:
        raise ReachError("cannot read the folder", where=str(root), found=error.strerror) from error


def _layout(folder: Path, root: Path) -> tuple[Layout, Path]:
    found = _layouts(folder, root)
    if not found:
        raise ConfigError("the folder has no annotations", where=str(folder), todo=EXPECTED)
    if len(found) > 1:
        listed = ", ".join(f"{layout} in {source}" for layout, source in found)
        raise ConfigError("the folder has annotations of several kinds", where=str(folder), found=listed, todo=EXPECTED)
    return found[0]


def _layouts(folder: Path, root: Path) -> list[tuple[Layout, Path]]:
    """Return every layout that the folder could have, with its folder of annotations or its JSON file."""
    files = _files(folder)
    stems = {path.relative_to(root).with_suffix("") for path in files if _is_picture(path, root)}
    apart: tuple[tuple[Layout, str, str], ...] = (
        *(("voc", name, ".xml") for name in VOC_FOLDERS),
        ("yolo", YOLO_FOLDER, ".txt"),
    )
    found: list[tuple[Layout, Path]] = [
        (layout, folder / name)
        for layout, name, suffix in apart
        if any(path.suffix == suffix and path.is_relative_to(folder / name) for path in files)
    ]
    beside: tuple[tuple[Layout, str], ...] = (("voc", ".xml"), ("yolo", ".txt"))
    for layout, suffix in beside:
        own = (path for path in files if path.suffix == suffix and path.is_relative_to(root))
        if any(path.relative_to(root).with_suffix("") in stems for path in own):
            found.append((layout, root))
    found += [("coco", path) for path in files if path.suffix == ".json" and _may_be_coco(path, folder)]
    return found


def _is_picture(path: Path, root: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES and path.is_relative_to(root)


def _may_be_coco(path: Path, folder: Path) -> bool:
    return path.parent in (folder, *(folder / name for name in VOC_FOLDERS))


def _beside(
    folder: Path, source: Path, layout: Literal["voc", "yolo"], classes: Sequence[str]
) -> list[LabelledPicture]:
    """Pair each picture with the file of the same name, and the same place below its folder, in ``source``."""
    root = picture_root(folder)
    read, suffix = _READERS[layout]
    owners: dict[Path, Path] = {}
    found = []
    for path in find_pictures(folder):
        place = (source / path.relative_to(root)).with_suffix(suffix)
        other = owners.setdefault(place, path)
        if other != path:
            raise AnnotationError(
                "two pictures share one annotation", where=str(place), found=f"{other.name} and {path.name}"
            )
        if not place.is_file():
            raise AnnotationError("the picture has no annotation", where=str(path), found=f"no file {place}")
        name = path.relative_to(folder).as_posix()
        found.append(LabelledPicture(name=name, path=path, annotation=read(place, classes)))
    return found


def _from_coco(folder: Path, source: Path, classes: Sequence[str]) -> list[LabelledPicture]:
    root = picture_root(folder)
    found = []
    for file_name, annotation in read_coco(source, classes).items():
        path = root / file_name
        # A list that leads out of its own folder is no list of this data set.
        if ".." in Path(file_name).parts or Path(file_name).is_absolute() or not path.is_file():
            raise AnnotationError("a listed picture is not there", where=annotation.where, found=str(path))
        found.append(LabelledPicture(name=path.relative_to(folder).as_posix(), path=path, annotation=annotation))
    if not found:
        raise ImageError("the annotations list no picture", where=str(source))
    return found

"""Picture files and folders of them as a source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from skerry_edge.foundation.errors import ReachError, SkerryError
from skerry_edge.vision.errors import ImageError
from skerry_edge.vision.frames import Failure, Frame
from skerry_edge.vision.images import IMAGE_SUFFIXES, read_image


class StillSource:
    """Picture files in the order given; one that does not decode is a failure, and the next one follows."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)

    def __len__(self) -> int:
        """Return the number of files."""
        return len(self._names)

    def frames(self) -> Iterator[Frame | Failure]:
        """Yield one frame or one failure a file."""
        return (_item(name) for name in self._names)

    def close(self) -> None:
        """Do nothing: no file stays open."""


def _item(name: str) -> Frame | Failure:
    try:
        return Frame(source=name, index=0, time_s=0.0, pixels=read_image(Path(name)))
    except SkerryError as error:
        return Failure(source=name, error=error)


def folder_source(folder: Path) -> StillSource:
    """Return the pictures directly in ``folder``, sorted by name: those with a known ending, hidden files left out.

    Raises ReachError where the folder cannot be read, ImageError where it holds no picture.
    """
    try:
        names = sorted(
            str(path)
            for path in folder.iterdir()
            if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".") and not path.is_dir()
        )
    except OSError as error:
        raise ReachError("cannot read the folder", where=str(folder), found=error.strerror) from error
    if not names:
        raise ImageError(
            "the folder holds no pictures", where=str(folder), todo=f"known endings: {' '.join(sorted(IMAGE_SUFFIXES))}"
        )
    return StillSource(names)

"""Folders of pictures as calibration data: plain, or a VOC, YOLO or COCO data set."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from skerry_converters.calibration.items import (
    CalibrationError,
    Item,
    Progress,
    Sample,
    choose,
    refuse_damaged,
)
from skerry_converters.calibration.similarity import fingerprint
from skerry_edge.bench.annotations.dataset import find_pictures
from skerry_edge.foundation.errors import DataError, ReachError
from skerry_edge.vision.images import decode_image


class PictureSource:
    """The pictures of one folder and below; those of its picture folder alone where it is a data set."""

    kind = "pictures"

    def __init__(self, folder: Path) -> None:
        """Raise ReachError where the folder cannot be read, ImageError where it holds no picture."""
        self._folder = folder
        self._names = [path.relative_to(folder).as_posix() for path in find_pictures(folder)]

    def survey(self, limit: int, seed: int, progress: Progress) -> tuple[tuple[Item, ...], int]:
        """Decode each chosen picture once. Raises CalibrationError naming those that do not decode."""
        chosen = choose(self._names, limit, seed, str)
        items: list[Item] = []
        damaged: list[DataError] = []
        for done, name in enumerate(chosen):
            progress(done, len(chosen))
            data = self._bytes(name)
            try:
                look = fingerprint(decode_image(data, where=name))
            except DataError as error:
                damaged.append(error)
                continue
            digest = hashlib.sha256(data).hexdigest()
            items.append(Item(name=name, file_sha256=digest, content_sha256=digest, fingerprint=look))
        refuse_damaged(damaged, len(chosen))
        return tuple(items), len(self._names)

    def read(self, items: Sequence[Item]) -> Iterator[Sample]:
        """Yield the pictures. Raises CalibrationError for one that changed since the survey."""
        for item in items:
            data = self._bytes(item.name)
            if hashlib.sha256(data).hexdigest() != item.file_sha256:
                raise CalibrationError(
                    "a picture changed while it was used", where=str(self._folder / item.name), todo="start again"
                )
            yield Sample(item=item, value=decode_image(data, where=item.name))

    def _bytes(self, name: str) -> bytes:
        path = self._folder / name
        try:
            return path.read_bytes()
        except OSError as error:
            raise ReachError("cannot read the picture", where=str(path), found=error.strerror) from error

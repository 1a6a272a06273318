"""The demo's drive past signs: rendered by `skerry render`, and the truth that it writes beside the video."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec

from skerry_edge.foundation.errors import DataError, ReachError
from skerry_server.leash import LeashedProcess

SEED = 1
SECONDS = 20
RATE_HZ = 10
"""Frames a second of every rendered drive."""
SIZE = "960x540"

Box = tuple[float, float, float, float]
"""x_min, y_min, x_max, y_max as shares of the picture."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sign:
    """A sign in one frame; one that is hidden too far or too small to be read does not count."""

    frame: int
    label: str
    box: Box
    counts: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Truth:
    """All signs of a drive of ``frames`` frames, RATE_HZ of them a second."""

    frames: int
    signs: tuple[Sign, ...]


class Drive:
    """A drive that the program ``command`` renders into ``folder``, its progress bar on standard error."""

    def __init__(self, folder: Path, *, command: tuple[str, ...], seed: int) -> None:
        self.video = folder / "drive.mp4"
        self._folder = folder
        self._dataset = folder / "drive"
        options = {"--count": SECONDS * RATE_HZ, "--seed": seed, "--size": SIZE, "--format": "coco"}
        options |= {"--video": self.video, "--out": self._dataset}
        self._command = [*command, "render", *(str(part) for option in options.items() for part in option)]
        self._process: LeashedProcess | None = None
        # Until the video takes its place, so that the agent's configuration can be checked before.
        self.video.touch()

    def start(self) -> None:
        """Begin to render. Raises MissingError."""
        with (self._folder / "render.log").open("wb") as log:
            self._process = LeashedProcess(self._command, output=log, errors=sys.stderr.fileno())

    def is_rendered(self) -> bool:
        """Tell whether the video is whole. Raises ReachError where the program failed."""
        code = self._process.exit_code() if self._process else None
        if code not in (None, 0):
            found, todo = f"exit code {code}", "see what it said above"
            raise ReachError("the drive could not be rendered", found=found, todo=todo)
        return code == 0

    def truth(self) -> Truth:
        """Return what the rendered drive shows. Raises ReachError and DataError."""
        return read_truth(self._dataset / "annotations.json")

    def stop(self) -> None:
        """End the program where it still runs."""
        if self._process is not None:
            self._process.stop()


class _Image(msgspec.Struct):
    id: int
    file_name: str
    width: int
    height: int


class _Annotation(msgspec.Struct):
    image_id: int
    category_id: int
    bbox: tuple[float, float, float, float]
    iscrowd: int


class _Category(msgspec.Struct):
    id: int
    name: str


class _Coco(msgspec.Struct):
    images: list[_Image]
    annotations: list[_Annotation]
    categories: list[_Category]


def read_truth(path: Path) -> Truth:
    """Read the COCO annotations of a drive, whose pictures are named by their number. Raises ReachError and DataError.

    What does not count is marked as a crowd there.
    """
    try:
        whole = msgspec.json.decode(path.read_bytes(), type=_Coco)
        frames = {one.id: (int(Path(one.file_name).stem), one) for one in whole.images}
        labels = {one.id: one.name for one in whole.categories}
        signs = tuple(_sign(one, *frames[one.image_id], label=labels[one.category_id]) for one in whole.annotations)
    except OSError as error:
        raise ReachError("cannot read the truth of the drive", where=str(path), found=error.strerror) from error
    except (msgspec.DecodeError, KeyError, ValueError, ZeroDivisionError) as error:
        raise DataError("this is not the truth of a drive", where=str(path), found=str(error)) from error
    return Truth(frames=len(frames), signs=signs)


def _sign(one: _Annotation, frame: int, image: _Image, *, label: str) -> Sign:
    left, top, width, height = one.bbox
    box = (
        left / image.width,
        top / image.height,
        (left + width) / image.width,
        (top + height) / image.height,
    )
    return Sign(frame=frame, label=label, box=box, counts=not one.iscrowd)

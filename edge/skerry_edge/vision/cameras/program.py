"""A camera behind a program that writes its pictures to a pipe."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from skerry_edge.foundation.bound_life import NOT_STARTED
from skerry_edge.foundation.source_error import SourceError
from skerry_edge.foundation.stream_program import StreamProgram
from skerry_edge.vision.cameras import gstreamer, raspberry_pi
from skerry_edge.vision.cameras.cutting import Cutter, I420Cutter, JpegCutter
from skerry_edge.vision.cameras.gstreamer import GStreamerOptions
from skerry_edge.vision.cameras.raspberry_pi import PiCameraOptions
from skerry_edge.vision.errors import ImageError
from skerry_edge.vision.frames import Failure, Frame

_READ_BYTES = 1 << 20
_BUSY_WORDS = ("device or resource busy", "failed to acquire camera", "pipeline handler in use")
_ABSENT_WORDS = ("no cameras available", "no such file or directory", "cannot identify device", "no such device")
_FORBIDDEN_WORDS = ("permission denied", "not permitted")


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureProgram:
    """How to call a program, in what form its pictures come, and how to install it where it is missing."""

    command: tuple[str, ...]
    cutter: Callable[[], Cutter]
    install: str


def pi_camera(options: PiCameraOptions, *, stall_s: float) -> ProgramCamera:
    """Return a Raspberry Pi's camera. Raises ConfigError (see `raspberry_pi.command_line`)."""
    is_raw = options.codec == "yuv420"
    program = PictureProgram(
        command=raspberry_pi.command_line(options, raspberry_pi.program_here()),
        cutter=(lambda: I420Cutter(width=options.width, height=options.height)) if is_raw else JpegCutter,
        install=raspberry_pi.INSTALL,
    )
    return ProgramCamera(f"rpicam:{options.camera}", program, stall_s=stall_s)


def gstreamer_camera(options: GStreamerOptions, *, stall_s: float) -> ProgramCamera:
    """Return a GStreamer pipeline as a camera. Raises ConfigError (see `gstreamer.command_line`)."""
    program = PictureProgram(
        command=gstreamer.command_line(options),
        cutter=lambda: I420Cutter(width=options.width, height=options.height),
        install=gstreamer.INSTALL,
    )
    return ProgramCamera("gstreamer", program, stall_s=stall_s)


class ProgramCamera:
    """The pictures of a program, which is started when they are asked for and gone when they are not.

    ``stall_s`` is how long it may take from one picture to the next, and to the first.
    """

    def __init__(self, name: str, program: PictureProgram, *, stall_s: float) -> None:
        self._name = name
        self._program = program
        self._stall_s = stall_s
        self._running: StreamProgram | None = None

    def frames(self) -> Iterator[Frame | Failure]:
        """Yield pictures until the program ends; a damaged one is a failure.

        Raises MissingError where the program is not installed, SourceError when it ends or stalls.
        """
        with closing(StreamProgram(self._program.command, install=self._program.install)) as running:
            self._running = running
            yield from self._frames(running)

    def close(self) -> None:
        """Ask the program to end, and with it the iteration, which waits for that; any thread may call it."""
        if self._running is not None:
            self._running.ask_to_end()

    def _frames(self, running: StreamProgram) -> Iterator[Frame | Failure]:
        cutter, began_s, index, waited_s = self._program.cutter(), time.monotonic(), 0, 0.0
        while True:
            asked_s = time.monotonic()
            piece = running.read(_READ_BYTES, max(0.0, self._stall_s - waited_s))
            at_s = time.monotonic()
            waited_s += at_s - asked_s
            if piece is None or (piece and waited_s > self._stall_s):
                raise self._stalled(running)
            if not piece:
                raise self._ended(running, pictures=index)
            for picture in cutter.feed(piece):
                waited_s = 0.0
                yield self._item(cutter, picture, index, at_s, began_s)
                index += 1

    def _item(self, cutter: Cutter, picture: bytes, index: int, at_s: float, began_s: float) -> Frame | Failure:
        try:
            pixels = cutter.decode(picture)
        except ImageError as error:
            return Failure(source=self._name, error=error)
        return Frame(source=self._name, index=index, time_s=at_s - began_s, pixels=pixels, at_s=at_s)

    def _stalled(self, running: StreamProgram) -> SourceError:
        found = f"nothing for {self._stall_s:g} s from '{running.name}'"
        todo = "see its messages in the log; a camera that starts slowly needs a longer 'stall_s'"
        return SourceError("stalled", "the camera gives no pictures", where=self._name, found=found, todo=todo)

    def _ended(self, running: StreamProgram, *, pictures: int) -> SourceError:
        code = running.end()
        words = running.last_words()
        found = f"'{running.name}' ended with {f'code {code}' if code >= 0 else f'signal {-code}'}: {words}"
        if code == NOT_STARTED:
            return SourceError("failed", "the camera's program cannot be started", where=self._name, found=words)
        if pictures:
            return SourceError("ended", "the camera stopped", where=self._name, found=found)
        lowered = words.lower()
        if _says(lowered, _BUSY_WORDS):
            todo = "end the other program that uses the camera"
            return SourceError("busy", "the camera is in use", where=self._name, found=found, todo=todo)
        if _says(lowered, _FORBIDDEN_WORDS):
            todo = "put the user that runs this into the group 'video'"
            return SourceError("forbidden", "the camera may not be used", where=self._name, found=found, todo=todo)
        if _says(lowered, _ABSENT_WORDS):
            todo = "check its cable and what the board's set-up enables"
            return SourceError("absent", "there is no such camera", where=self._name, found=found, todo=todo)
        return SourceError("failed", "the camera does not start", where=self._name, found=found)


def _says(text: str, words: Sequence[str]) -> bool:
    return any(word in text for word in words)

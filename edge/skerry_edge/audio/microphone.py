"""A microphone through ALSA's own `arecord`, which is started, watched and stopped here."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator

from skerry_edge.audio.pcm import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ, CapturePolicy, Pcm
from skerry_edge.audio.pipe import DEFAULT_STALL_S, PcmPipe
from skerry_edge.foundation.errors import MissingError, ReachError

PROGRAM = "arecord"
DEFAULT_DEVICE = "default"
MAX_BACKLOG_BYTES = SAMPLE_RATE_HZ * BYTES_PER_SAMPLE
"""One second: a listener that is further behind hears no living voice any more."""
STOP_S = 2.0
_COMPLAINT_BYTES = 300
_PERIOD_US = 20_000
"""The sound card hands on this much at once; its own choice, mostly 0.125 s, would delay every word by as much."""
_FORMAT = ("-t", "raw", "-f", "S16_LE", "-c", "1", "-r", str(SAMPLE_RATE_HZ), f"--period-time={_PERIOD_US}")


class MicrophoneSource:
    """An ALSA capture device. It stays with the newest sound: what waits longer than a second is dropped and counted.

    ``device`` is a name from `arecord -L`.
    """

    policy: CapturePolicy = "live"

    def __init__(self, device: str = DEFAULT_DEVICE, *, stall_s: float = DEFAULT_STALL_S) -> None:
        self.device = device
        self.dropped_samples = 0
        self._stall_s = stall_s
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """`mic`, and the device where it is not the default one."""
        return "mic" if self.device == DEFAULT_DEVICE else f"mic:{self.device}"

    def __iter__(self) -> Iterator[Pcm]:
        """Yield sound until closed.

        Raises MissingError where `arecord` or the device is not there, StalledAudioError where the device is open
        and gives nothing, ReachError where it stops.
        """
        sound, sound_writer = os.pipe()
        complaints, complaints_writer = os.pipe()
        try:
            self._process = self._start(sound_writer, complaints_writer)
        except MissingError:
            os.close(sound)
            os.close(complaints)
            raise
        finally:
            os.close(sound_writer)
            os.close(complaints_writer)
        last_words = _LastWords(complaints)
        try:
            yield from self._listen(PcmPipe(sound, name=self.name, stall_s=self._stall_s), last_words)
        finally:
            self.close()
            os.close(sound)
            last_words.join()

    def close(self) -> None:
        """Stop `arecord`; it is gone when this returns, and the iteration ends with what it had delivered."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _start(self, sound: int, complaints: int) -> subprocess.Popen[bytes]:
        program = shutil.which(PROGRAM)
        if program is None:
            todo = "apt install alsa-utils"
            raise MissingError(f"the program '{PROGRAM}' is not installed", where=self.name, todo=todo)
        try:
            return subprocess.Popen(
                [program, "-q", "-D", self.device, *_FORMAT], stdin=subprocess.DEVNULL, stdout=sound, stderr=complaints
            )
        except OSError as error:
            raise MissingError(f"cannot start '{program}'", where=self.name, found=error.strerror) from error

    def _listen(self, pipe: PcmPipe, last_words: _LastWords) -> Iterator[Pcm]:
        heard = False
        while len(pcm := pipe.read()):
            heard = True
            if pipe.backlog_bytes() > MAX_BACKLOG_BYTES:
                self.dropped_samples += len(pcm)
            else:
                yield pcm
        if self._process is None:
            return
        self.close()
        reason = last_words.text()
        if heard:
            raise ReachError(
                "the microphone stopped", where=self.name, found=reason, todo="see whether it is plugged in"
            )
        todo = "see the names of microphones with `arecord -L`"
        raise MissingError("the microphone cannot be opened", where=self.name, found=reason, todo=todo)


class _LastWords:
    """Drains what a program writes to stderr, so that it never blocks on it, and keeps the end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._end = b""
        self._thread = threading.Thread(target=self._drain, name="arecord-stderr", daemon=True)
        self._thread.start()

    def text(self) -> str:
        """Return the last line that was written; to be called when the program has ended."""
        self.join()
        lines = self._end.decode("utf-8", errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "no reason given")

    def join(self) -> None:
        """Wait until the program's side is closed."""
        self._thread.join(STOP_S)

    def _drain(self) -> None:
        with os.fdopen(self._descriptor, "rb", buffering=0) as pipe:
            while data := pipe.read(4096):
                self._end = (self._end + data)[-_COMPLAINT_BYTES:]

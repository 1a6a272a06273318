"""Raw 16-bit sound out of a file descriptor: whole samples only, and never a wait without an end."""

from __future__ import annotations

import array
import fcntl
import os
import select
import termios

import numpy as np

from skerry_edge.audio.pcm import BYTES_PER_SAMPLE, CHUNK_SAMPLES, Pcm
from skerry_edge.foundation.errors import DataError, ReachError

DEFAULT_STALL_S = 10.0


class StalledAudioError(ReachError):
    """A live source that is open and delivers nothing."""


class PcmPipe:
    """Reads little-endian 16-bit samples from ``descriptor``, which stays the caller's to close.

    ``stall_s`` is how long the writer may be silent before StalledAudioError is raised; 0 waits for ever.
    """

    def __init__(self, descriptor: int, *, name: str, stall_s: float) -> None:
        self._descriptor = descriptor
        self._name = name
        self._stall_s = stall_s
        self._odd = b""

    def read(self) -> Pcm:
        """Return at most 0.1 s of sound, shape (n,); n is 0 at the end only.

        Raises StalledAudioError, ReachError, and DataError where the stream ends inside a sample.
        """
        while True:
            data = self._odd + self._read_bytes(CHUNK_SAMPLES * BYTES_PER_SAMPLE - len(self._odd))
            if len(data) == len(self._odd):
                if data:
                    raise DataError("the sound ends inside a sample", where=self._name, found="an odd number of bytes")
                return np.empty(0, np.int16)
            whole = len(data) // BYTES_PER_SAMPLE * BYTES_PER_SAMPLE
            self._odd = data[whole:]
            if whole:
                return np.frombuffer(data[:whole], dtype="<i2").astype(np.int16, copy=False)

    def backlog_bytes(self) -> int:
        """Return how much waits in the pipe. Raises ReachError where the descriptor cannot tell."""
        waiting = array.array("i", [0])
        try:
            fcntl.ioctl(self._descriptor, termios.FIONREAD, waiting)
        except OSError as error:
            raise ReachError("cannot read the sound", where=self._name, found=error.strerror) from error
        return waiting[0]

    def _read_bytes(self, count: int) -> bytes:
        try:
            ready, _, _ = select.select([self._descriptor], [], [], self._stall_s or None)
            if not ready:
                raise StalledAudioError(
                    "no sound arrived",
                    where=self._name,
                    found=f"silence for {self._stall_s:g} s",
                    todo="check its writer",
                )
            return os.read(self._descriptor, count)
        except OSError as error:
            raise ReachError("cannot read the sound", where=self._name, found=error.strerror) from error

"""Raw 16-bit sound out of a file descriptor: whole samples only, and never a wait without an end."""

from __future__ import annotations

import array
import fcntl
import math
import os
import select
import termios
import time
from collections.abc import Callable

import numpy as np

from skerry_edge.audio.pcm import BYTES_PER_SAMPLE, CHUNK_SAMPLES, Pcm
from skerry_edge.foundation.errors import DataError, ReachError
from skerry_edge.foundation.source_error import SourceError

DEFAULT_STALL_S = 10.0
WAIT_S = 0.2
"""How often a wait for sound is interrupted for whoever has something to do meanwhile."""


class StalledAudioError(SourceError):
    """A live source that is open and delivers nothing."""


def do_nothing() -> None:
    """Wait without doing anything meanwhile."""


class PcmPipe:
    """Reads little-endian 16-bit samples from ``descriptor``, which stays the caller's to close.

    ``stall_s`` is how long the writer may be silent before StalledAudioError is raised; 0 waits for ever.
    ``on_wait`` is called every ``WAIT_S`` meanwhile.
    """

    def __init__(self, descriptor: int, *, name: str, stall_s: float, on_wait: Callable[[], None] = do_nothing) -> None:
        self._descriptor = descriptor
        self._name = name
        self._stall_s = stall_s
        self._on_wait = on_wait
        self._odd = b""

    def read(self, most: int = CHUNK_SAMPLES) -> Pcm:
        """Return at most ``most`` samples and at most `CHUNK_SAMPLES`, shape (n,); n is 0 at the end only.

        Raises StalledAudioError, ReachError, and DataError where the stream ends inside a sample.
        """
        size_bytes = min(most, CHUNK_SAMPLES) * BYTES_PER_SAMPLE
        while True:
            data = self._odd + self._read_some(size_bytes - len(self._odd))
            if len(data) == len(self._odd):
                if data:
                    raise DataError("the sound ends inside a sample", where=self._name, found="an odd number of bytes")
                return np.empty(0, np.int16)
            whole = len(data) // BYTES_PER_SAMPLE * BYTES_PER_SAMPLE
            self._odd = data[whole:]
            if whole:
                return np.frombuffer(data[:whole], dtype="<i2").astype(np.int16, copy=False)

    def read_bytes(self, count: int) -> bytes:
        """Return ``count`` bytes that are no samples, fewer at the end only. Raises StalledAudioError, ReachError."""
        data = b""
        while len(data) < count and (more := self._read_some(count - len(data))):
            data += more
        return data

    def backlog_bytes(self) -> int:
        """Return how much waits in the pipe. Raises ReachError where the descriptor cannot tell."""
        waiting = array.array("i", [0])
        try:
            fcntl.ioctl(self._descriptor, termios.FIONREAD, waiting)
        except OSError as error:
            raise self._unreadable(error) from error
        return waiting[0]

    def _read_some(self, count: int) -> bytes:
        self._wait()
        try:
            return os.read(self._descriptor, count)
        except OSError as error:
            raise self._unreadable(error) from error

    def _wait(self) -> None:
        """Wait for something to read, or the end. Raises StalledAudioError."""
        end_s = time.monotonic() + (self._stall_s or math.inf)
        while not self._is_readable_within(min(WAIT_S, max(0.0, end_s - time.monotonic()))):
            if time.monotonic() >= end_s:
                found, todo = f"silence for {self._stall_s:g} s", "check its writer"
                raise StalledAudioError("stalled", "no sound arrived", where=self._name, found=found, todo=todo)
            self._on_wait()

    def _is_readable_within(self, timeout_s: float) -> bool:
        try:
            return bool(select.select([self._descriptor], [], [], timeout_s)[0])
        except OSError as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: OSError) -> ReachError:
        return ReachError("cannot read the sound", where=self._name, found=error.strerror)

"""Raw sound on standard input."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from skerry_edge.audio.pcm import CapturePolicy, Pcm
from skerry_edge.audio.pipe import DEFAULT_STALL_S, PcmPipe, do_nothing
from skerry_edge.foundation.errors import ConfigError, DataError

NAME = "-"
_WHERE = "standard input"
_CONTAINERS = (b"RIFF", b"fLaC", b"OggS", b"ID3")
_TODO = "write signed 16-bit little-endian samples, one channel, 16000 a second"


class StdinSource:
    """Standard input, or another ``descriptor``, as raw sound; every sample counts, as a pipe holds its writer back."""

    policy: CapturePolicy = "file"
    name = NAME

    def __init__(
        self, *, stall_s: float = DEFAULT_STALL_S, descriptor: int = 0, on_wait: Callable[[], None] = do_nothing
    ) -> None:
        self._descriptor = descriptor
        self._stall_s = stall_s
        self._on_wait = on_wait

    def __iter__(self) -> Iterator[Pcm]:
        """Yield until the writer closes. Raises ConfigError for a terminal, DataError, and ReachError for a stall."""
        if os.isatty(self._descriptor):
            raise ConfigError("standard input is a terminal, not sound", where=_WHERE, todo=_TODO)
        pipe = PcmPipe(self._descriptor, name=_WHERE, stall_s=self._stall_s, on_wait=self._on_wait)
        first = pipe.read()
        if not len(first):
            raise DataError("the recording is empty", where=_WHERE, found="0 samples", todo=_TODO)
        start = first[:2].tobytes()
        if start.startswith(_CONTAINERS):
            raise DataError(
                "standard input is an audio file, not raw sound", where=_WHERE, found=repr(start), todo=_TODO
            )
        yield first
        while len(pcm := pipe.read()):
            yield pcm

    def close(self) -> None:
        """Do nothing: standard input belongs to the process."""

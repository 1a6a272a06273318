"""The head of a WAV file in a stream, which says how a microphone really records; pure (RIFF specification)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from skerry_edge.foundation.errors import DataError

_PCM = 1
_MAX_CHUNKS = 16
_MAX_CHUNK_BYTES = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class WavHead:
    """What follows: so many bytes of 16-bit samples in one channel, so many samples a second."""

    rate_hz: int
    data_bytes: int


def read_wav_head(read: Callable[[int], bytes], *, where: str) -> WavHead | None:
    """Read up to the first sample with ``read``, which returns so many bytes, or fewer at the end.

    None means that the stream ends before it begins. Raises DataError where it is no WAV of one channel of 16 bits.
    """
    start = read(12)
    if not start:
        return None
    if start[:4] != b"RIFF" or start[8:] != b"WAVE":
        raise DataError("the recording is no WAV", where=where, found=repr(start))
    form: tuple[int, int, int] | None = None
    for _ in range(_MAX_CHUNKS):
        kind, length = _chunk(read(8), where)
        if kind == b"data" and form is not None:
            rate_hz, channels, bits = form
            if (channels, bits) != (1, 16):
                found = f"{channels} channels of {bits} bits"
                raise DataError("the recording is not one channel of 16 bits", where=where, found=found)
            return WavHead(rate_hz=rate_hz, data_bytes=length)
        body = read(min(length + length % 2, _MAX_CHUNK_BYTES))
        if kind == b"fmt ":
            form = _form(body, where)
    raise DataError("the recording has a head without an end", where=where)


def _chunk(head: bytes, where: str) -> tuple[bytes, int]:
    if len(head) < 8:  # name and length, four bytes each
        raise DataError("the recording ends in its head", where=where)
    kind, length = struct.unpack("<4sI", head)
    return kind, length


def _form(body: bytes, where: str) -> tuple[int, int, int]:
    if len(body) < 16:  # the fields that every format has
        raise DataError("the recording ends in its head", where=where)
    code, channels, rate_hz, _, _, bits = struct.unpack("<HHIIHH", body[:16])
    if code != _PCM:
        raise DataError("the recording is not of plain samples", where=where, found=f"format {code}")
    return rate_hz, channels, bits

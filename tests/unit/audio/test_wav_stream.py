"""The head of a WAV in a stream."""

from __future__ import annotations

import io
import struct

import pytest

from skerry_edge.audio.wav_stream import WavHead, read_wav_head
from skerry_edge.foundation.errors import DataError

FORM = struct.pack("<HHIIHH", 1, 1, 44_100, 88_200, 2, 16)
HEAD = b"RIFF" + struct.pack("<I", 36) + b"WAVE"
FMT = b"fmt " + struct.pack("<I", 16) + FORM
DATA = b"data" + struct.pack("<I", 1 << 31)


def read(data: bytes) -> WavHead | None:
    return read_wav_head(io.BytesIO(data).read, where="mic")


def test_rate_and_length_are_read() -> None:
    assert read(HEAD + FMT + DATA) == WavHead(rate_hz=44_100, data_bytes=1 << 31)


def test_other_parts_are_passed_over() -> None:
    assert read(HEAD + b"LIST" + struct.pack("<I", 3) + b"abc\0" + FMT + DATA) is not None


def test_a_stream_that_never_began_is_told_from_one_that_broke_off() -> None:
    assert read(b"") is None
    for data in (HEAD, HEAD + FMT[:20], HEAD + FMT, HEAD + DATA, HEAD + DATA * 20):
        with pytest.raises(DataError, match="head"):
            read(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"fLaC" + bytes(40), "no WAV"),
        (HEAD + FMT.replace(FORM, struct.pack("<HHIIHH", 3, 1, 44_100, 0, 0, 32)) + DATA, "not of plain samples"),
        (HEAD + FMT.replace(FORM, struct.pack("<HHIIHH", 1, 2, 44_100, 0, 0, 16)) + DATA, "not one channel"),
        (HEAD + FMT.replace(FORM, struct.pack("<HHIIHH", 1, 1, 44_100, 0, 0, 24)) + DATA, "not one channel"),
    ],
)
def test_what_is_not_read_here_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read(data)

"""Raw sound on standard input, and the mistakes that people make with it."""

from __future__ import annotations

import os
import pty
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from skerry_edge.audio.stdin import StdinSource
from skerry_edge.foundation.errors import ConfigError, DataError

Pcm = NDArray[np.int16]


@pytest.fixture
def written() -> Iterator[object]:
    """Return a function that gives a descriptor from which the given bytes can be read, up to a pipe's size."""
    opened = []

    def make(data: bytes) -> int:
        read_end, write_end = os.pipe()
        opened.append(read_end)
        os.write(write_end, data)
        os.close(write_end)
        return read_end

    yield make
    for descriptor in opened:
        os.close(descriptor)


def test_every_sample_is_delivered(written: object, noise: Pcm) -> None:
    source = StdinSource(descriptor=written(noise[:5000].tobytes()))  # type: ignore[operator]
    np.testing.assert_array_equal(np.concatenate(list(source)), noise[:5000])
    assert (source.name, source.policy) == ("-", "file")


def test_no_sound_at_all_is_damage_and_not_silence(written: object) -> None:
    with pytest.raises(DataError, match="empty"):
        list(StdinSource(descriptor=written(b"")))  # type: ignore[operator]


@pytest.mark.parametrize("start", [b"RIFF\x24\x00\x00\x00WAVE", b"fLaC\x00\x00", b"OggS\x00\x02", b"ID3\x04\x00\x00"])
def test_an_audio_file_instead_of_raw_sound_is_noticed(written: object, start: bytes) -> None:
    with pytest.raises(DataError, match="not raw sound"):
        list(StdinSource(descriptor=written(start + bytes(1000))))  # type: ignore[operator]


def test_a_terminal_is_wrong_usage() -> None:
    master, slave = pty.openpty()
    try:
        with pytest.raises(ConfigError, match="terminal"):
            list(StdinSource(descriptor=slave))
    finally:
        os.close(master)
        os.close(slave)

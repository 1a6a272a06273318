"""Raw sound out of a pipe: whole samples, bounded chunks, and no wait without an end."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
import pytest
from numpy.typing import NDArray

from skerry_edge.audio.pcm import CHUNK_SAMPLES
from skerry_edge.audio.pipe import PcmPipe, StalledAudioError
from skerry_edge.foundation.errors import DataError, ReachError

Pcm = NDArray[np.int16]


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Both ends of a pipe; what a test left open is closed."""
    ends = os.pipe()
    yield ends
    for end in ends:
        with suppress(OSError):  # a test may have closed it
            os.close(end)


def reader(descriptor: int, stall_s: float = 30.0) -> PcmPipe:
    return PcmPipe(descriptor, name="pipe", stall_s=stall_s)


def everything(source: PcmPipe) -> list[Pcm]:
    chunks = []
    while len(chunk := source.read()):
        chunks.append(chunk)
    return chunks


@pytest.mark.parametrize("piece", [1, 2, 3, 4097, 30_000])
def test_sound_comes_out_as_it_went_in_however_it_is_written(pipe: tuple[int, int], noise: Pcm, piece: int) -> None:
    sound = noise[:20_000] if piece > 3 else noise[:300]

    def write() -> None:
        data = sound.astype("<i2").tobytes()
        for at in range(0, len(data), piece):
            os.write(pipe[1], data[at : at + piece])
        os.close(pipe[1])

    writer = threading.Thread(target=write)
    writer.start()
    chunks = everything(reader(pipe[0]))
    writer.join()
    np.testing.assert_array_equal(np.concatenate(chunks), sound)
    assert all(1 <= len(chunk) <= CHUNK_SAMPLES and chunk.dtype == np.int16 for chunk in chunks)


def test_a_stream_that_ends_inside_a_sample_is_damaged(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"abc")
    os.close(pipe[1])
    source = reader(pipe[0])
    assert len(source.read()) == 1
    with pytest.raises(DataError, match="inside a sample"):
        source.read()


def test_the_end_stays_the_end(pipe: tuple[int, int]) -> None:
    os.close(pipe[1])
    source = reader(pipe[0])
    assert (len(source.read()), len(source.read())) == (0, 0)


def test_a_writer_that_says_nothing_is_given_up(pipe: tuple[int, int]) -> None:
    source = reader(pipe[0], stall_s=0.05)
    os.write(pipe[1], b"ab")
    assert len(source.read()) == 1
    with pytest.raises(StalledAudioError, match=r"0\.05 s") as caught:
        source.read()
    assert caught.value.exit_code == 4


def test_a_writer_that_stops_inside_a_sample_is_given_up_too(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"a")
    with pytest.raises(StalledAudioError):
        reader(pipe[0], stall_s=0.05).read()


def test_what_waits_in_the_pipe_is_known(pipe: tuple[int, int]) -> None:
    source = reader(pipe[0])
    assert source.backlog_bytes() == 0
    os.write(pipe[1], bytes(5000))
    assert source.backlog_bytes() == 5000
    source.read()
    assert source.backlog_bytes() == 5000 - 2 * CHUNK_SAMPLES


def test_a_descriptor_that_is_not_open_is_an_error(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    with pytest.raises(ReachError, match="Bad file descriptor"):
        reader(pipe[0]).read()
    with pytest.raises(ReachError, match="Bad file descriptor"):
        reader(pipe[0]).backlog_bytes()

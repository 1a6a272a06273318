"""What every source of sound keeps, whatever it reads from."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from skerry_edge.audio.microphone import MicrophoneSource
from skerry_edge.audio.pcm import AudioSource
from skerry_edge.audio.recordings import RecordingSource
from skerry_edge.audio.stdin import StdinSource

Pcm = NDArray[np.int16]


@pytest.fixture(params=["wav", "flac", "stdin", "microphone"])
def source(
    request: pytest.FixtureRequest, tmp_path: Path, sound: Pcm, arecord: Callable[[str], Path]
) -> Iterator[AudioSource]:
    """Each source, with the same three seconds of sound in it."""
    if request.param == "microphone":
        arecord("unplugged")
        yield MicrophoneSource()
    elif request.param == "stdin":
        read_end, write_end = os.pipe()

        def write() -> None:
            with suppress(BrokenPipeError), os.fdopen(write_end, "wb") as pipe:
                pipe.write(sound.tobytes())

        writer = threading.Thread(target=write)
        writer.start()
        yield StdinSource(descriptor=read_end)
        os.close(read_end)  # ends a writer that is still at it
        writer.join()
    else:
        path = tmp_path / f"a.{request.param}"
        soundfile.write(path, sound, 16_000, subtype="PCM_16")
        yield RecordingSource(path)


def take(source: AudioSource, samples: int) -> Pcm:
    chunks: list[Pcm] = []
    for chunk in source:
        chunks.append(chunk)
        if sum(map(len, chunks)) >= samples:
            break
    return np.concatenate(chunks)


def test_the_sound_comes_out_as_it_is(source: AudioSource, sound: Pcm) -> None:
    np.testing.assert_array_equal(take(source, len(sound)), sound)
    source.close()


def test_chunks_are_short_rows_of_16_bit_samples_and_never_empty(source: AudioSource, sound: Pcm) -> None:
    heard = 0
    for chunk in source:
        assert (chunk.dtype, chunk.ndim) == (np.int16, 1)
        assert 1 <= len(chunk) <= 8000
        heard += len(chunk)
        if heard >= len(sound):
            break
    source.close()


def test_a_source_has_a_name_and_a_capture_policy(source: AudioSource) -> None:
    assert source.name
    assert source.policy in ("live", "file")


def test_closing_is_harmless_before_during_and_after_and_twice(source: AudioSource, sound: Pcm) -> None:
    source.close()
    take(source, 100)
    source.close()
    source.close()

"""A microphone that fails, is silent and comes back, as the pipeline and its parent hear it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from msgspec.structs import replace

from skerry_edge.agent.config.sources import AudioFileSource, MicrophoneSource, StdinSource
from skerry_edge.agent.line.protocol import Finding, Progress, SourceState
from skerry_edge.agent.sources import sound
from skerry_edge.agent.sources.sound import open_sound
from skerry_edge.audio.microphone import MicrophoneSource as Microphone
from skerry_edge.audio.pcm import CHUNK_SAMPLES, Pcm
from skerry_edge.audio.pipe import StalledAudioError
from skerry_edge.foundation.backoff import Backoff
from skerry_edge.foundation.errors import DataError, MissingError
from skerry_edge.foundation.source_error import SourceError

SOURCE = MicrophoneSource(silent_s=0.0)
NOISE = np.random.default_rng(1).integers(-500, 500, CHUNK_SAMPLES).astype(np.int16)
SILENCE = np.zeros(CHUNK_SAMPLES, np.int16)
STALLED = StalledAudioError("stalled", "no sound arrived")


@pytest.fixture
def microphones(monkeypatch: pytest.MonkeyPatch):
    """Return a function that scripts microphones, one for each opening: chunks, and errors to raise."""
    monkeypatch.setattr("skerry_edge.agent.sources.reconnect.BACKOFF", Backoff(first_s=0.01, max_s=0.01))

    def script(*scripts: list) -> None:
        waiting = list(scripts)

        class Scripted(Microphone):
            def __iter__(self) -> Iterator[Pcm]:
                for step in waiting.pop(0):
                    if isinstance(step, Exception):
                        raise step
                    yield step

        monkeypatch.setattr(sound, "Microphone", Scripted)

    return script


def listen(link, source: MicrophoneSource, chunks: int):
    (opened,) = open_sound(source, link)
    stream = iter(opened)
    heard = [next(stream) for _ in range(chunks)]
    opened.close()
    return heard, opened


def events(reports: list) -> list[str]:
    return [one.label for one in reports if isinstance(one, Finding)]


def states(reports: list) -> list[str | None]:
    return [one.reason for one in reports if isinstance(one, SourceState)]


@pytest.mark.parametrize(
    ("error", "label"),
    [
        (SourceError("ended", "the microphone stopped"), "source-error"),
        (MissingError("the microphone cannot be opened"), "source-error"),
        (DataError("the sound ends inside a sample"), "source-error"),
        (STALLED, "stalled-audio"),
    ],
)
def test_a_microphone_that_fails_is_opened_again_and_the_parent_knows(ends, microphones, error, label: str) -> None:
    link, parent = ends
    microphones([NOISE, error], [error], [NOISE, NOISE])
    heard, opened = listen(link, SOURCE, 3)
    reports = parent.reports()
    assert len(heard) == 3
    assert events(reports) == [label, "source-restored"]
    assert states(reports) == [error.what, None]
    assert sum(one.errors for one in reports if isinstance(one, Progress)) == 2
    assert opened.dropped_samples > 0


def test_silence_is_told_until_there_is_sound(ends, microphones, monkeypatch: pytest.MonkeyPatch) -> None:
    link, parent = ends
    clock = iter(np.arange(0.0, 100.0, 0.4))
    monkeypatch.setattr(sound.time, "monotonic", lambda: float(next(clock)))
    microphones([NOISE, SILENCE, SILENCE, SILENCE, SILENCE, NOISE])
    listen(link, replace(SOURCE, silent_s=1.0), 6)
    reports = parent.reports()
    assert events(reports) == ["stalled-audio", "source-restored"]
    assert "silent for 1 s" in states(reports)[0]
    assert states(reports)[-1] is None


def test_the_silence_of_a_muted_microphone_is_no_trouble_and_counts_anew_afterwards(
    ends, microphones, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, parent = ends
    clock = iter(np.arange(0.0, 100.0, 0.4))
    monkeypatch.setattr(sound.time, "monotonic", lambda: float(next(clock)))
    microphones([NOISE, *[SILENCE] * 22])
    muted = iter([*[False] * 2, *[True] * 10, *[False] * 10, True])
    (opened,) = open_sound(replace(SOURCE, silent_s=3.0), link, is_muted=lambda: next(muted))
    stream = iter(opened)
    for _ in range(15):
        next(stream)
    assert events(parent.reports()) == []
    for _ in range(4):
        next(stream)
    assert events(parent.reports()) == ["stalled-audio"]


def test_who_is_told_to_stop_does_not_wait_for_a_microphone(ends, microphones, monkeypatch) -> None:
    link, _ = ends
    microphones([NOISE, STALLED], [])
    monkeypatch.setattr("skerry_edge.agent.sources.reconnect.BACKOFF", Backoff(first_s=600.0, max_s=600.0))
    (opened,) = open_sound(SOURCE, link)
    stream = iter(opened)
    next(stream)
    link.stop.set()
    assert list(stream) == []


def test_who_is_told_to_stop_does_not_wait_for_sound(ends, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    link, _ = ends
    program = tmp_path / "arecord"  # a stand-in that opens the device and never hears anything
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    (opened,) = open_sound(MicrophoneSource(stall_s=600.0), link)
    threading.Timer(0.5, link.stop.set).start()
    assert list(opened) == []


def test_a_pipe_whose_writer_pauses_is_told_and_heard_again(ends, monkeypatch: pytest.MonkeyPatch, eventually) -> None:
    link, parent = ends
    monkeypatch.setattr("skerry_edge.agent.sources.reconnect.BACKOFF", Backoff(first_s=0.01, max_s=0.01))
    read_end, write_end = os.pipe()
    stdin = sound.StdinSource
    monkeypatch.setattr(sound, "StdinSource", lambda **options: stdin(descriptor=read_end, **options))
    (opened,) = open_sound(StdinSource(stall_s=0.3, silent_s=0.0), link)
    os.write(write_end, NOISE.tobytes())
    heard, reports = [], []
    for pcm in opened:
        heard.append(pcm)
        if len(heard) == 1:

            def write_on() -> None:
                def told() -> bool:
                    reports.extend(parent.reports())
                    return "stalled-audio" in events(reports)

                eventually(told, what="the stalled pipe")
                os.write(write_end, NOISE.tobytes())
                os.close(write_end)

            threading.Thread(target=write_on, daemon=True).start()
    os.close(read_end)
    reports.extend(parent.reports())
    assert sum(map(len, heard)) == 2 * CHUNK_SAMPLES
    assert events(reports) == ["stalled-audio", "source-restored"]
    beats = [one for one in reports if isinstance(one, Progress)]
    assert beats  # while nothing came, the parent was kept from killing the child


def test_a_recording_is_no_live_source(ends, tmp_path) -> None:
    link, _ = ends
    (source,) = open_sound(AudioFileSource(path=str(tmp_path / "a.wav")), link)
    assert not hasattr(source, "dropped_samples")

"""What listening costs and how soon it answers: an agent's child with four words hears real recordings played live.

`python -m benchmarks.wakeword_cost FOLDER` prints the figures; FOLDER holds recordings in which somebody says "Alexa".
"""

from __future__ import annotations

import argparse
import os
import select
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from skerry_edge.agent.children.process import ChildProcess
from skerry_edge.agent.config.pipelines import WakeWordPipeline
from skerry_edge.agent.config.sources import StdinSource
from skerry_edge.agent.config.words import WordConfig
from skerry_edge.agent.line.line import Line
from skerry_edge.agent.line.protocol import Finding, Ready, Report, Start
from skerry_edge.audio.pcm import SAMPLE_RATE_HZ, Pcm
from skerry_edge.audio.recordings import RecordingSource, find_recordings
from skerry_edge.foundation.errors import DataError

WORDS = ("alexa", "hey_jarvis", "hey_mycroft", "okay_nabu")
FRAME = SAMPLE_RATE_HZ // 100
VOICED_SHARE = 0.1
"""A frame of 10 ms belongs to a word where it has this share of the loudest frame's level."""
PAUSE_FRAMES = 15
WORD_FRAMES = range(30, 101)
BLOCK_SAMPLES = SAMPLE_RATE_HZ * 60 // 1000
"""A microphone hands its sound on in pieces of 60 ms, as `arecord` is asked to."""
PAUSE_SAMPLES = SAMPLE_RATE_HZ
READY_S = 60.0
LATE_S = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """Recordings one after the other, int16, and where in it each word ends, in seconds."""

    pcm: Pcm
    word_ends_s: tuple[float, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class WakeWordCost:
    """``cpu_percent`` of one core in processor time; delays from a word's end to its event's arrival, sorted."""

    cpu_percent: float
    memory_mb: float
    seconds: float
    said: int
    delays_ms: tuple[float, ...]

    def delay_ms(self, share: float) -> float:
        """Return the delay that this share of the words that were heard does not exceed."""
        return float(np.quantile(self.delays_ms, share))


def measure(folder: Path, *, words: Sequence[str] = WORDS, seconds: float = 60.0) -> WakeWordCost:
    """Play the recordings of ``folder`` live to a child for about ``seconds``, and watch it.

    Raises DataError where no recording is a lone word or none is heard, TimeoutError where the child does not begin.
    """
    stream = stream_of(find_recordings(folder), seconds)
    source, writer = os.pipe()
    child = ChildProcess(stdin=source, environment=os.environ)
    os.close(source)
    _, line = child.open_line()
    try:
        pipeline = WakeWordPipeline(
            name="ear", words=tuple(WordConfig(model=one) for one in words), source=StdinSource()
        )
        line.send(Start(pipeline=pipeline, log_level="ERROR"))
        return _watch(psutil.Process(child.pid), line, stream, writer)
    finally:
        line.close()
        child.kill()
        child.reap()
        child.close()


def stream_of(paths: Sequence[Path], seconds: float) -> Stream:
    """Put recordings of a lone word behind one another, again and again. Raises DataError where there is none."""
    spoken = [one for path in paths for one in _lone_word(path)]
    if not spoken:
        raise DataError("no recording holds one word alone", found=f"{len(paths)} recordings")
    parts: list[Pcm] = []
    ends_s: list[float] = []
    samples, number = 0, 0
    while samples < seconds * SAMPLE_RATE_HZ:
        pcm, end_s = spoken[number % len(spoken)]
        ends_s.append(samples / SAMPLE_RATE_HZ + end_s)
        parts += [pcm, np.zeros(PAUSE_SAMPLES, np.int16)]
        samples += len(pcm) + PAUSE_SAMPLES
        number += 1
    return Stream(pcm=np.concatenate(parts), word_ends_s=tuple(ends_s))


def _lone_word(path: Path) -> Iterator[tuple[Pcm, float]]:
    """Yield a recording and where its word ends in seconds; nothing where it is damaged or holds more than a word."""
    try:
        pcm = np.concatenate(list(RecordingSource(path)))
    except DataError:
        return
    frames = pcm[: len(pcm) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64)
    level = np.sqrt((frames**2).mean(axis=1))
    voiced = np.flatnonzero(level > VOICED_SHARE * level.max())
    if (np.diff(voiced) <= PAUSE_FRAMES).all() and int(voiced[-1] - voiced[0]) in WORD_FRAMES:
        yield pcm, float(voiced[-1] + 1) * FRAME / SAMPLE_RATE_HZ


def _watch(process: psutil.Process, line: Line, stream: Stream, writer: int) -> WakeWordCost:
    _wait_until_ready(line)
    before_s, began_s = _used_s(process), time.monotonic()
    player = threading.Thread(target=_play, args=(stream.pcm, writer, began_s))
    player.start()
    arrivals_s = _arrivals(line, until_s=began_s + len(stream.pcm) / SAMPLE_RATE_HZ)
    used_s, memory_mb = _used_s(process) - before_s, process.memory_info().rss / 1e6
    lasted_s = time.monotonic() - began_s
    player.join()
    delays_ms = tuple(_delays_ms(stream, [at_s - began_s for at_s in arrivals_s]))
    if not delays_ms:
        raise DataError("none of the words was heard", found=f"{len(stream.word_ends_s)} were said")
    return WakeWordCost(
        cpu_percent=100.0 * used_s / lasted_s,
        memory_mb=memory_mb,
        seconds=lasted_s,
        said=len(stream.word_ends_s),
        delays_ms=delays_ms,
    )


def _wait_until_ready(line: Line) -> None:
    end_s = time.monotonic() + READY_S
    while not any(isinstance(one, Ready) for one in _reports(line, end_s)):
        if time.monotonic() > end_s:
            raise TimeoutError(f"the child was not ready within {READY_S:.0f} s")


def _arrivals(line: Line, *, until_s: float) -> list[float]:
    """Return when each word arrived (monotonic seconds)."""
    arrived = []
    while time.monotonic() < until_s:
        found = [one for one in _reports(line, until_s) if isinstance(one, Finding) and one.kind == "wakeword"]
        arrived += [time.monotonic()] * len(found)
    return arrived


def _reports(line: Line, until_s: float) -> list[Report]:
    """Return what has come, after a wait at most until then. Raises DataError where the child has hung up."""
    select.select([line], [], [], max(0.0, min(0.5, until_s - time.monotonic())))
    reports = line.read()
    if reports is None:
        raise DataError("the child ended before its time")
    return reports


def _play(pcm: Pcm, writer: int, began_s: float) -> None:
    """Write the sound as it would be spoken."""
    with closing(os.fdopen(writer, "wb", buffering=0)) as file:
        for start in range(0, len(pcm), BLOCK_SAMPLES):
            block = pcm[start : start + BLOCK_SAMPLES]
            time.sleep(max(0.0, began_s + (start + len(block)) / SAMPLE_RATE_HZ - time.monotonic()))
            file.write(block.tobytes())


def _delays_ms(stream: Stream, arrivals_s: Sequence[float]) -> list[float]:
    """Match each arrival with the word that ended nearest; a word that was certain before its end counts as 0."""
    ends_s = np.array(stream.word_ends_s)
    nearest = {int(np.abs(ends_s - at_s).argmin()): at_s for at_s in reversed(arrivals_s)}
    late_s = [max(0.0, at_s - stream.word_ends_s[number]) for number, at_s in nearest.items()]
    return sorted(1e3 * one for one in late_s if one < LATE_S)


def _used_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--words", default=",".join(WORDS))
    given = parser.parse_args()
    cost = measure(given.folder, words=given.words.split(","), seconds=given.seconds)
    print(f"{cost.cpu_percent:.2f} % of one core, {cost.memory_mb:.0f} MB, over {cost.seconds:.0f} s of live sound")
    print(f"{len(cost.delays_ms)} of {cost.said} words heard; event after the word's end:", end=" ")
    print(f"median {cost.delay_ms(0.5):.0f} ms, 95 % {cost.delay_ms(0.95):.0f} ms, at most {cost.delay_ms(1.0):.0f} ms")


if __name__ == "__main__":
    main()

"""What listening costs and how soon it is known: an agent with four words hears real recordings from a microphone.

The microphone is ALSA's own file plug-in, which `arecord` reads like any other; sound comes at the pace of speech.
`python -m benchmarks.wakeword_cost FOLDER` prints the figures; FOLDER holds recordings in which somebody says "Alexa".
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from benchmarks.agent_rig import Heard, running_agent

from skerry_edge.audio.pcm import SAMPLE_RATE_HZ, Pcm
from skerry_edge.audio.recordings import RecordingSource, find_recordings
from skerry_edge.contracts.messages import Event
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
DEVICE = "said"
LATE_S = 2.0
HEARTBEAT_S = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """Recordings one after the other, int16, and where in it each word ends, in seconds."""

    pcm: Pcm
    word_ends_s: tuple[float, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class WakeWordCost:
    """``cpu_percent`` of one core in processor time, by parent, child and `arecord` together.

    ``memory_mb`` is the child's. The delays are from a word's end to its event's arrival at a subscriber, sorted.
    """

    cpu_percent: float
    memory_mb: float
    seconds: float
    said: int
    delays_ms: tuple[float, ...]

    def delay_ms(self, share: float) -> float:
        """Return the delay that this share of the words that were heard does not exceed."""
        return float(np.quantile(self.delays_ms, share))


def measure(folder: Path, *, words: Sequence[str] = WORDS, seconds: float = 60.0) -> WakeWordCost:
    """Play the recordings of ``folder`` live to an agent for about ``seconds``, and watch it.

    Raises DataError where no recording is a lone word or none is heard, TimeoutError where the agent does not begin,
    FileNotFoundError where Mosquitto or `arecord` is not installed.
    """
    if shutil.which("arecord") is None:
        raise FileNotFoundError("the program arecord is not installed")
    stream = stream_of(find_recordings(folder), seconds)
    with tempfile.TemporaryDirectory(prefix="skerry-wakeword-") as name:
        speaker = Speaker(Path(name))
        ear = {
            "kind": "wakeword",
            "name": "ear",
            "words": [{"model": one} for one in words],
            "source": {"kind": "mic", "device": DEVICE, "silent_s": 0.0},
        }
        with running_agent(Path(name), [ear], heartbeat_interval_s=HEARTBEAT_S, environment=speaker.environment) as (
            agent,
            heard,
        ):
            if agent.pid is None:
                raise DataError("the agent ended before its time", where=str(agent.log))
            return _watch(psutil.Process(agent.pid), heard, stream, speaker)


class Speaker:
    """Says what it is told into a microphone of ALSA's, and is silent before."""

    def __init__(self, folder: Path) -> None:
        self._fifo = folder / "said"
        os.mkfifo(self._fifo)
        config = folder / "asound.conf"
        config.write_text(
            f"""pcm.null {{ type null }}
            pcm.{DEVICE} {{ type file slave.pcm "null" file "/dev/null" infile "{self._fifo}" format "raw" }}
            """,
            encoding="utf-8",
        )
        self.environment = {"ALSA_CONFIG_PATH": str(config)}
        self._to_say: Pcm | None = None
        self._began = threading.Event()
        self._began_s = 0.0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def say(self, pcm: Pcm) -> float:
        """Begin to say it, and return when that was (Unix seconds)."""
        self._to_say = pcm
        self._began.wait()
        return self._began_s

    def wait(self) -> None:
        """Wait until it was said."""
        self._thread.join()

    def _run(self) -> None:
        with self._fifo.open("wb", buffering=0) as file:
            while self._to_say is None:
                _play(np.zeros(BLOCK_SAMPLES, np.int16), file.write)
            self._began_s = time.time()
            self._began.set()
            _play(self._to_say, file.write)


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


def _watch(agent: psutil.Process, heard: Heard, stream: Stream, speaker: Speaker) -> WakeWordCost:
    heard.wait(lambda: any(one.pipelines and one.pipelines[0].frames for one in heard.heartbeats()), "the first sound")
    before_s, began_s = _used_s(agent), speaker.say(stream.pcm)
    speaker.wait()
    used_s, lasted_s = _used_s(agent) - before_s, time.time() - began_s
    (child,) = agent.children()
    delays_ms = tuple(_delays_ms(stream, [at_s - began_s for at_s in _arrivals_s(heard)]))
    if not delays_ms:
        raise DataError("none of the words was heard", found=f"{len(stream.word_ends_s)} were said")
    return WakeWordCost(
        cpu_percent=100.0 * used_s / lasted_s,
        memory_mb=child.memory_info().rss / 1e6,
        seconds=lasted_s,
        said=len(stream.word_ends_s),
        delays_ms=delays_ms,
    )


def _arrivals_s(heard: Heard) -> list[float]:
    """Return when each word's event arrived (Unix seconds)."""
    came = zip(heard.messages, heard.came_s, strict=False)
    return [at_s for one, at_s in came if isinstance(one, Event) and one.kind == "wakeword"]


def _play(pcm: Pcm, write: Callable[[bytes], object]) -> None:
    """Write the sound as it would be spoken."""
    began_s = time.monotonic()
    for start in range(0, len(pcm), BLOCK_SAMPLES):
        block = pcm[start : start + BLOCK_SAMPLES]
        time.sleep(max(0.0, began_s + (start + len(block)) / SAMPLE_RATE_HZ - time.monotonic()))
        write(block.tobytes())


def _delays_ms(stream: Stream, arrivals_s: Sequence[float]) -> list[float]:
    """Match each arrival with the word that ended nearest; a word that was certain before its end counts as 0."""
    ends_s = np.array(stream.word_ends_s)
    nearest = {int(np.abs(ends_s - at_s).argmin()): at_s for at_s in reversed(arrivals_s)}
    late_s = [max(0.0, at_s - stream.word_ends_s[number]) for number, at_s in nearest.items()]
    return sorted(1e3 * one for one in late_s if one < LATE_S)


def _used_s(agent: psutil.Process) -> float:
    """Return the processor time of an agent and of all that it runs."""
    times = [one.cpu_times() for one in (agent, *agent.children(recursive=True))]
    return float(sum(one.user + one.system for one in times))


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

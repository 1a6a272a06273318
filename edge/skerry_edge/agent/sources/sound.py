"""Sound for the wake-word pipeline: the configured source, opened again whenever it fails, and watched for silence."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing

from skerry_edge.agent.config.sources import AudioFileSource, LiveSoundSource, MicrophoneSource, SoundSource
from skerry_edge.agent.line.link import Link
from skerry_edge.agent.sources.health import SourceHealth
from skerry_edge.agent.sources.standstill import SilentSound
from skerry_edge.audio.microphone import MicrophoneSource as Microphone
from skerry_edge.audio.pcm import SAMPLE_RATE_HZ, AudioSource, CapturePolicy, Pcm
from skerry_edge.audio.pipe import WAIT_S, StalledAudioError
from skerry_edge.audio.sources import open_sources
from skerry_edge.audio.stdin import StdinSource
from skerry_edge.foundation.errors import SkerryError


def open_sound(source: SoundSource, link: Link, *, is_muted: Callable[[], bool] = lambda: False) -> list[AudioSource]:
    """Return the source, or those of a folder; a live one keeps the beat of ``link`` while it waits for sound.

    While ``is_muted``, what comes is not judged.

    Raises DataError and ReachError for a folder that holds or gives no recordings.
    """
    if isinstance(source, AudioFileSource):
        return open_sources(source.path)
    return [TendedSound(source, link, is_muted)]


class TendedSound:
    """A microphone, or standard input, as a source that does not fail: while it does, nothing comes, and it is told.

    ``dropped_samples`` counts what was not heard: dropped for newer sound, or spoken while there was no source. While
    ``is_muted``, silence is no trouble, since nobody looks; a source that fails is.
    """

    def __init__(self, source: LiveSoundSource, link: Link, is_muted: Callable[[], bool]) -> None:
        self._is_muted = is_muted
        self._config = source
        self._link = link
        self._health = SourceHealth(link, stalled="stalled-audio", still="stalled-audio")
        self._silence = SilentSound(source.silent_s, level=source.silent_level)
        self._silent = f"the sound has been silent for {source.silent_s:g} s; see whether it is muted or unplugged"
        self._missed_samples = 0
        self._source = self._open()
        # A pipe has one writer, who cannot be called again; all that can pass is its silence.
        self._failures: type[SkerryError] = SkerryError if isinstance(source, MicrophoneSource) else StalledAudioError

    @property
    def name(self) -> str:
        """The name of the source."""
        return self._source.name

    @property
    def policy(self) -> CapturePolicy:
        """The policy of the source."""
        return self._source.policy

    @property
    def dropped_samples(self) -> int:
        """How many samples were not heard so far."""
        return self._missed_samples + (self._source.dropped_samples if isinstance(self._source, Microphone) else 0)

    def __iter__(self) -> Iterator[Pcm]:
        """Yield sound until told to stop or, of standard input, to its end. Raises what is wrong with its content."""
        while not self._link.stop.is_set():
            error = yield from self._listen()
            if error is None:
                return
            lost_s = time.monotonic()
            self._wait_until(self._health.failed(error))
            self._missed_samples = self.dropped_samples + round((time.monotonic() - lost_s) * SAMPLE_RATE_HZ)
            self._source = self._open()

    def close(self) -> None:
        """Release the source."""
        self._source.close()

    def _open(self) -> Microphone | StdinSource:
        config, beat = self._config, self._beat
        if isinstance(config, MicrophoneSource):
            return Microphone(config.device, stall_s=config.stall_s, rate_hz=config.rate_hz, on_wait=beat)
        return StdinSource(stall_s=config.stall_s, on_wait=beat)

    def _listen(self) -> Generator[Pcm, None, SkerryError | None]:
        """Yield sound until the source ends, and return what it failed of."""
        try:
            with closing(self._source):
                for pcm in self._source:
                    self._health.delivered()
                    self._judge(pcm)
                    yield pcm
        except self._failures as error:
            return error
        return None

    def _judge(self, pcm: Pcm) -> None:
        if self._is_muted():
            self._silence.restart()
        else:
            self._health.judged(self._silent, is_still=self._silence.judge(pcm, time.monotonic()))

    def _beat(self) -> None:
        """Show that the child is alive while there is no sound, and end the wait for it when told to stop."""
        self._link.progress()
        if self._link.stop.is_set():
            self._source.close()

    def _wait_until(self, due_s: float) -> None:
        while (left_s := due_s - time.monotonic()) > 0 and not self._link.stop.wait(min(WAIT_S, left_s)):
            self._link.progress()

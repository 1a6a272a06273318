"""A microphone through ALSA's own `arecord`, which is started, watched and stopped here."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing

import numpy as np

from skerry_edge.audio.arecord import INSTALL, PROGRAM, command_line
from skerry_edge.audio.conditioning import FULL_SCALE, Conditioner
from skerry_edge.audio.pcm import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ, CapturePolicy, Pcm
from skerry_edge.audio.pipe import DEFAULT_STALL_S, PcmPipe, do_nothing
from skerry_edge.audio.wav_stream import WavHead, read_wav_head
from skerry_edge.foundation.bound_life import NOT_STARTED
from skerry_edge.foundation.errors import MissingError
from skerry_edge.foundation.source_error import SourceError
from skerry_edge.foundation.stream_program import StreamProgram

DEFAULT_DEVICE = "default"
MAX_BACKLOG_S = 1.0
"""A listener that is further behind hears no living voice any more."""
_BUSY_WORDS = "device or resource busy"
_FORBIDDEN_WORDS = "permission denied"
_CHANNELS_WORDS = "channels count non available"


class MicrophoneSource:
    """An ALSA capture device. It stays with the newest sound: what waits longer than a second is dropped and counted.

    ``device`` is a name from `arecord -L`. It is asked for ``rate_hz``; where it records at another rate, as `hw:`
    devices do without a word, its sound is resampled. ``on_wait`` is called while nothing comes (see PcmPipe).
    """

    policy: CapturePolicy = "live"

    def __init__(
        self,
        device: str = DEFAULT_DEVICE,
        *,
        stall_s: float = DEFAULT_STALL_S,
        rate_hz: int = SAMPLE_RATE_HZ,
        on_wait: Callable[[], None] = do_nothing,
    ) -> None:
        self.device = device
        self.dropped_samples = 0
        self._stall_s = stall_s
        self._rate_hz = rate_hz
        self._on_wait = on_wait
        self._program: StreamProgram | None = None

    @property
    def name(self) -> str:
        """`mic`, and the device where it is not the default one."""
        return "mic" if self.device == DEFAULT_DEVICE else f"mic:{self.device}"

    def __iter__(self) -> Iterator[Pcm]:
        """Yield sound until closed.

        Raises MissingError where `arecord` or the device is not there, StalledAudioError where the device is open
        and gives nothing, SourceError where it cannot be used or stops, DataError where its rate cannot be resampled.
        """
        while True:
            program = StreamProgram(command_line(self.device, self._rate_hz), install=INSTALL)
            self._program = program
            with closing(program):
                is_full = yield from self._listen(program)
            if not is_full:
                return

    def close(self) -> None:
        """Stop `arecord`; it is gone when this returns, and the iteration ends with what it had delivered."""
        program, self._program = self._program, None
        if program is not None:
            program.end()

    def _listen(self, program: StreamProgram) -> Generator[Pcm, None, bool]:
        """Yield sound, and return whether a whole WAV has come, which holds some hours and then has to begin anew."""
        pipe = PcmPipe(program.descriptor, name=self.name, stall_s=self._stall_s, on_wait=self._on_wait)
        head = read_wav_head(pipe.read_bytes, where=self.name)
        left = 0
        if head is not None:
            conditioner = Conditioner(rate_hz=head.rate_hz, where=self.name)
            left = head.data_bytes // BYTES_PER_SAMPLE
            while left and len(samples := pipe.read(left)):
                left -= len(samples)
                pcm = self._newest(samples, head, pipe.backlog_bytes(), conditioner)
                if len(pcm):
                    yield pcm
            if not left:
                return True
        if self._program is None:
            return False
        raise self._ended(program, has_begun=head is not None)

    def _newest(self, samples: Pcm, head: WavHead, backlog_bytes: int, conditioner: Conditioner) -> Pcm:
        """Return the samples as they are heard, none where newer ones wait for too long."""
        heard = len(samples) * SAMPLE_RATE_HZ // head.rate_hz
        if backlog_bytes > MAX_BACKLOG_S * head.rate_hz * BYTES_PER_SAMPLE:
            before_s, self.dropped_samples = self.dropped_samples // SAMPLE_RATE_HZ, self.dropped_samples + heard
            if self.dropped_samples // SAMPLE_RATE_HZ > before_s:
                self._on_wait()
            return np.empty(0, np.int16)
        if head.rate_hz == SAMPLE_RATE_HZ:
            return samples
        return conditioner.convert(samples[:, np.newaxis] / np.float32(FULL_SCALE))

    def _ended(self, program: StreamProgram, *, has_begun: bool) -> SourceError | MissingError:
        code = program.end()
        reason = program.last_words()
        if code == NOT_STARTED:
            return MissingError(f"cannot start '{PROGRAM}'", where=self.name, found=reason)
        if has_begun:
            todo = "see whether it is plugged in"
            return SourceError("ended", "the microphone stopped", where=self.name, found=reason, todo=todo)
        lowered = reason.lower()
        if _BUSY_WORDS in lowered:
            todo = "end the other program that records from it"
            return SourceError("busy", "the microphone is in use", where=self.name, found=reason, todo=todo)
        if _FORBIDDEN_WORDS in lowered:
            todo = "put the user that runs this into the group 'audio'"
            return SourceError("forbidden", "the microphone may not be used", where=self.name, found=reason, todo=todo)
        if _CHANNELS_WORDS in lowered:
            todo = "name it with 'plughw:' in place of 'hw:'"
            return SourceError(
                "unsupported", "the microphone has no single channel", where=self.name, found=reason, todo=todo
            )
        todo = "see the names of microphones with `arecord -L`"
        return MissingError("the microphone cannot be opened", where=self.name, found=reason, todo=todo)

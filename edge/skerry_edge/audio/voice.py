"""The voice-activity gate: words are looked for only while somebody speaks, and from a little before that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from skerry_edge.audio.features import CHANNELS, Features, heard_s
from skerry_edge.audio.model import WakeWordModel, find_voice_model
from skerry_edge.audio.track import Track

DEFAULT_HOLD_S = 1.0
"""How long the gate stays open after the last voice: longer than the pauses inside a phrase."""
LOOK_BACK_ROWS = 60
"""A voice detector is certain 0.2 to 0.5 s after a voice began; what was said meanwhile is judged, too."""
WARM_UP_ROWS = 200
"""A network that was not fed hears 2 s before it is trusted: those of `pymicro-wakeword` forget within 0.4 to 1.5 s."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VoiceModel:
    """A voice-activity model and when it opens the gate: score above ``cutoff``, and ``hold_s`` seconds longer."""

    model: WakeWordModel
    cutoff: float
    window: int
    hold_s: float = DEFAULT_HOLD_S


def find_voice(
    text: str, *, cutoff: float | None = None, window: int | None = None, hold_s: float = DEFAULT_HOLD_S
) -> VoiceModel:
    """Return the voice model that a manifest's path means; ``cutoff`` and ``window`` replace the manifest's own.

    Raises what `find_voice_model` raises.
    """
    model = find_voice_model(text)
    return VoiceModel(
        model=model,
        cutoff=model.cutoff if cutoff is None else cutoff,
        window=model.window if window is None else window,
        hold_s=hold_s,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage:
    """Rows to judge, shape (n, 40), after ``skipped`` rows that nobody will; scores up to ``trusted_from_s`` are none.

    Sound up to there only brings a network's state back that heard nothing for a while.
    """

    rows: Features
    skipped: int = 0
    trusted_from_s: float = 0.0


class VoiceGate:
    """Lets a stream's rows pass while there is voice, and those before it that are needed to judge it.

    Rows are skipped in multiples of ``unit_rows``, the least common multiple of the words' strides: so each network
    makes the same steps as without a gate, and its scores are the same to the last bit.
    """

    def __init__(self, track: Track, voice: VoiceModel, *, unit_rows: int) -> None:
        self._track = track
        self._voice = voice
        self._unit_rows = unit_rows
        self._waiting: Features = np.empty((0, CHANNELS))
        self._kept: Features = np.empty((0, CHANNELS))
        self._skipped = 0
        self._rows = 0
        self._open_until_s = float("-inf")

    def admit(self, rows: Features) -> Iterator[Passage]:
        """Take the stream's next rows and yield what is to be judged. Raises BackendError."""
        self._waiting = np.concatenate((self._waiting, rows))
        while len(self._waiting) >= self._track.stride:
            piece, self._waiting = np.split(self._waiting, [self._track.stride])
            self._rows += len(piece)
            self._kept = np.concatenate((self._kept, piece))
            if self._is_open(piece):
                yield self._release()
            else:
                self._forget()

    def _is_open(self, piece: Features) -> bool:
        (step,) = self._track.judge(self._track.quantization.apply(piece))
        if step.score > self._voice.cutoff:
            self._open_until_s = step.time_s + self._voice.hold_s
        return step.time_s <= self._open_until_s

    def _release(self) -> Passage:
        first_row = self._rows - len(self._kept)
        trusted_from_s = heard_s(first_row + WARM_UP_ROWS) if self._skipped else 0.0
        passage = Passage(rows=self._kept, skipped=self._skipped, trusted_from_s=trusted_from_s)
        self._kept = self._kept[:0]
        self._skipped = 0
        return passage

    def _forget(self) -> None:
        """Drop what is too old to be needed."""
        excess = max(0, len(self._kept) - WARM_UP_ROWS - LOOK_BACK_ROWS)
        units = excess // self._unit_rows * self._unit_rows
        self._kept = self._kept[units:]
        self._skipped += units

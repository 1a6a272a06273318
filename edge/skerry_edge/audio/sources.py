"""What `AUDIO` means on the command line and in a configuration: a file, a folder, `mic` or `-`."""

from __future__ import annotations

from pathlib import Path

from skerry_edge.audio.microphone import DEFAULT_DEVICE, MicrophoneSource
from skerry_edge.audio.pcm import AudioSource
from skerry_edge.audio.pipe import DEFAULT_STALL_S
from skerry_edge.audio.recordings import RecordingSource, find_recordings
from skerry_edge.audio.stdin import NAME as STDIN
from skerry_edge.audio.stdin import StdinSource
from skerry_edge.foundation.errors import ReachError

MICROPHONE = "mic"


def open_sources(text: str, *, stall_s: float = DEFAULT_STALL_S) -> list[AudioSource]:
    """Return the source that ``text`` names, or those of a folder in sorted order; nothing is opened before it is read.

    ``mic`` is ALSA's default device and ``mic:NAME`` another one, ``-`` is raw sound on standard input, all else is
    a path (`./mic` for a file of that name). Raises DataError for a folder without recordings, ReachError for one that
    cannot be read and for an empty name.
    """
    if text == STDIN:
        return [StdinSource(stall_s=stall_s)]
    kind, _, device = text.partition(":")
    if kind == MICROPHONE:
        return [MicrophoneSource(device or DEFAULT_DEVICE, stall_s=stall_s)]
    path = Path(text)
    try:
        if not text:
            raise ReachError("there is no such file", where="an empty name")
        if path.is_dir():
            return [RecordingSource(one) for one in find_recordings(path)]
    except OSError as error:
        raise ReachError("cannot look for recordings", where=text, found=error.strerror) from error
    return [RecordingSource(path)]

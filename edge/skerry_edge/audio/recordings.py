"""Recordings on disk, block by block; one that is damaged or cut short is an error, however much of it decodes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from skerry_edge.audio.conditioning import Conditioner
from skerry_edge.audio.extra import load_extra
from skerry_edge.audio.pcm import CapturePolicy, Pcm
from skerry_edge.foundation.errors import DataError, ReachError

SUFFIXES = (".flac", ".wav")
"""What a folder is searched for; a file that is named itself may be anything that libsndfile reads."""
BLOCKS_A_SECOND = 2
_UNKNOWN_LENGTH = 0x7FFF_0000
"""Programs that write to a pipe put a size from here upwards where they cannot know it."""
_SF_COUNT_MAX = 2**63 - 1
"""libsndfile's number of frames for a file that does not tell."""
_MAX_RIFF_CHUNKS = 1000


class RecordingSource:
    """One audio file, delivered whole in blocks of at most half a second."""

    policy: CapturePolicy = "file"

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        """The path as it was given."""
        return str(self._path)

    def __iter__(self) -> Iterator[Pcm]:
        """Yield the recording. Raises ReachError, DataError for damage and MissingError without soundfile."""
        soundfile = load_extra("soundfile")
        _check_readable(self._path)
        try:
            with soundfile.SoundFile(str(self._path)) as sound:
                yield from _blocks(sound, self.name)
        except soundfile.SoundFileError as error:
            # The text of the error alone: its own str() may repeat the path, or be empty.
            reason = getattr(error, "error_string", "") or str(error)
            raise DataError(
                "the recording does not decode", where=self.name, found=reason.strip().removeprefix("Error : ")
            ) from error

    def close(self) -> None:
        """Do nothing: the file is open only while it is read."""


def find_recordings(folder: Path) -> list[Path]:
    """Return the recordings in ``folder`` and below, sorted. Raises DataError where there are none."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not found:
        raise DataError("the folder holds no recordings", where=str(folder), found=f"no {' or '.join(SUFFIXES)} file")
    return found


def _blocks(sound: Any, where: str) -> Iterator[Pcm]:  # noqa: ANN401  # soundfile ships no types
    if sound.frames == _SF_COUNT_MAX:
        todo = "save it to a file, not through a pipe, so that the length is written"
        raise DataError("the recording does not say how long it is, so it may be cut short", where=where, todo=todo)
    conditioner = Conditioner(rate_hz=sound.samplerate, where=where)
    frames = max(1, sound.samplerate // BLOCKS_A_SECOND)
    read = 0
    while len(block := sound.read(frames, dtype="float32", always_2d=True)):
        read += len(block)
        pcm = conditioner.convert(block)
        if len(pcm):
            yield pcm
    if read == 0:
        raise DataError("the recording is empty", where=where, found="0 samples")
    if read < sound.frames:
        raise DataError("the recording is cut short", where=where, found=f"{read} of {sound.frames} samples")
    tail = conditioner.finish()
    if len(tail):
        yield tail


def _check_readable(path: Path) -> None:
    try:
        if not path.is_file():
            found = "a folder" if path.is_dir() else "no regular file" if path.exists() else "no such file"
            todo = "check the path; sound in a pipe is read with '-'"
            raise ReachError("cannot read the recording", where=str(path), found=found, todo=todo)
        with path.open("rb") as file:
            _refuse_short_wav(file, path)
    except OSError as error:
        raise ReachError("cannot read the recording", where=str(path), found=error.strerror) from error


def _refuse_short_wav(file: BinaryIO, path: Path) -> None:
    """Refuse a WAV file that ends before its header says: libsndfile reads such a file without a word.

    The layout is that of the RIFF specification: chunks of a four-letter name, a 32-bit length and that many
    bytes, padded to an even number.
    """
    if file.read(4) != b"RIFF" or file.seek(8) != 8 or file.read(4) != b"WAVE":
        return
    size_bytes = path.stat().st_size
    position = 12
    for _ in range(_MAX_RIFF_CHUNKS):
        file.seek(position)
        header = file.read(8)
        if len(header) < 8:
            return
        kind, length = struct.unpack("<4sI", header)
        if kind == b"data":
            missing = position + 8 + length - size_bytes
            if missing > 0 and length < _UNKNOWN_LENGTH:
                raise DataError("the recording is cut short", where=str(path), found=f"{missing} bytes missing")
            return
        position += 8 + length + length % 2

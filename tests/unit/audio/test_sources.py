"""What AUDIO means: a file, a folder, a microphone or standard input."""

from __future__ import annotations

from pathlib import Path

import pytest

from skerry_edge.audio.microphone import MicrophoneSource
from skerry_edge.audio.recordings import RecordingSource
from skerry_edge.audio.sources import open_sources
from skerry_edge.audio.stdin import StdinSource
from skerry_edge.foundation.errors import DataError, ReachError


@pytest.mark.parametrize(
    ("text", "kind", "name", "policy"),
    [
        ("a.wav", RecordingSource, "a.wav", "file"),
        ("./mic", RecordingSource, "mic", "file"),
        ("microphone.wav", RecordingSource, "microphone.wav", "file"),
        ("-", StdinSource, "-", "file"),
        ("mic", MicrophoneSource, "mic", "live"),
        ("mic:", MicrophoneSource, "mic", "live"),
        ("mic:plughw:CARD=Device,DEV=0", MicrophoneSource, "mic:plughw:CARD=Device,DEV=0", "live"),
    ],
)
def test_a_text_names_one_source(text: str, kind: type, name: str, policy: str) -> None:
    (source,) = open_sources(text)
    assert isinstance(source, kind)
    assert (source.name, source.policy) == (name, policy)


def test_a_folder_names_its_recordings_in_order(tmp_path: Path) -> None:
    for name in ("b.wav", "a.flac"):
        (tmp_path / name).write_bytes(b"")
    assert [source.name for source in open_sources(str(tmp_path))] == [
        str(tmp_path / "a.flac"),
        str(tmp_path / "b.wav"),
    ]


def test_an_empty_folder_is_an_error_and_not_a_silent_success(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        open_sources(str(tmp_path))


@pytest.mark.parametrize("name", ["", "x" * 300])
def test_a_name_that_no_file_can_have_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here.wav").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ReachError):
        open_sources(name)

"""The demo's recording: small, heard, and made again by its script."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from skerry_edge.audio.decision import Detection
from skerry_edge.audio.recordings import RecordingSource
from skerry_edge.audio.wakeword import WakeWordListener
from skerry_edge.audio.word import find_word


def heard(path: Path) -> list[Detection]:
    listener = WakeWordListener([find_word("alexa")])
    return [one for pcm in RecordingSource(path) for one in listener.process(pcm)]


def test_the_clip_is_small_plain_and_heard_once(project_root: Path) -> None:
    path = project_root / "server" / "skerry_server" / "demo" / "data" / "alexa.wav"
    assert path.stat().st_size < 150_000
    info = soundfile.info(path)
    assert (info.samplerate, info.channels, info.subtype) == (16_000, 1, "PCM_16")
    (detection,) = heard(path)
    # Half of it is over before the word begins: the clip shows what is not detected as well.
    assert info.duration / 2 < detection.time_s < info.duration


def test_the_script_makes_it_again(project_root: Path, tmp_path: Path, need_program: Callable[[str], str]) -> None:
    need_program("espeak-ng")
    made = tmp_path / "alexa.wav"
    subprocess.run([sys.executable, project_root / "scripts" / "make_demo_clip.py", made], timeout=60, check=True)
    committed = project_root / "server" / "skerry_server" / "demo" / "data" / "alexa.wav"
    (now,), (then,) = heard(made), heard(committed)
    assert now.word == then.word
    assert abs(now.time_s - then.time_s) < 0.5
    assert np.abs(soundfile.read(made)[0]).max() < 1.0

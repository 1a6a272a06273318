"""A stand-in for `arecord` that plays a file, fails, floods or hangs, as the test asks."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

ARECORD = """\
#!{python}
import os, signal, struct, sys, time

mode, sound, pid_file = os.environ["STANDIN"], os.environ["STANDIN_SOUND"], os.environ["STANDIN_PID"]
with open(pid_file, "w") as file:
    file.write(str(os.getpid()))
given = ["-q", "-D", sys.argv[3], "-t", "wav", "-f", "S16_LE", "-c", "1", "-r", "16000", "--period-time=60000"]
assert sys.argv[1:] == given, sys.argv
if mode == "absent":
    sys.exit("ALSA lib pcm.c:2666:(snd_pcm_open_noupdate) Unknown PCM\\narecord: main:831: audio open error")
if mode == "busy":
    sys.exit("arecord: main:831: audio open error: Device or resource busy")
if mode == "forbidden":
    sys.exit("arecord: main:831: audio open error: Permission denied")
if mode == "two-channels":
    sys.exit("arecord: set_params:1358: Channels count non available")
if mode == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if mode == "chatty":
    sys.stderr.write("overrun!!! " * 100_000)
    sys.stderr.flush()
data = open(sound, "rb").read()
rate = int(os.environ["STANDIN_RATE"])
form = struct.pack("<HHIIHH", 1, 1, rate, 2 * rate, 2, 16)
head = b"RIFF" + struct.pack("<I", 36) + b"WAVEfmt " + struct.pack("<I", 16) + form
os.write(1, head + b"data" + struct.pack("<I", 1 << 31))
if mode == "flood":
    os.write(1, data[:60_000])  # as much as a pipe holds, so that nobody waits
    open(pid_file + ".written", "w").close()
else:
    os.write(1, data)
if mode == "unplugged":
    sys.exit("arecord: pcm_read:2221: read error: No such device")
if mode in ("hang", "stubborn"):
    time.sleep(3600)
"""


@pytest.fixture
def sound() -> NDArray[np.int16]:
    """Three seconds of noise, always the same."""
    return np.random.default_rng(5).integers(-3000, 3000, 48_000).astype(np.int16)


@pytest.fixture
def arecord(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sound: NDArray[np.int16]) -> Callable[..., Path]:
    """Return a function that puts the stand-in on the PATH in a mode, and gives the file with its process id."""

    def install(mode: str, rate_hz: int = 16_000) -> Path:
        program = tmp_path / "bin" / "arecord"
        program.parent.mkdir()
        program.write_text(ARECORD.format(python=sys.executable))
        program.chmod(0o755)
        sound.tofile(tmp_path / "sound.raw")
        monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
        if mode != "flood":  # it is faster than any microphone: falling behind must not count
            monkeypatch.setattr("skerry_edge.audio.microphone.MAX_BACKLOG_S", 60.0)
        monkeypatch.setenv("STANDIN", mode)
        monkeypatch.setenv("STANDIN_RATE", str(rate_hz))
        monkeypatch.setenv("STANDIN_SOUND", str(tmp_path / "sound.raw"))
        monkeypatch.setenv("STANDIN_PID", str(tmp_path / "pid"))
        return tmp_path / "pid"

    return install

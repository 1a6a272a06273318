"""A network camera: a real RTSP server on loopback."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("rtsp_server.py")
SYSTEM_PYTHON = "/usr/bin/python3"
"""Debian's own, which has GStreamer's bindings."""
_PROBE = "import gi; gi.require_version('GstRtspServer', '1.0')"


class RtspServer:
    """The server as a process; it can be stopped, killed and started again on its port."""

    def __init__(self, login: tuple[str, ...]) -> None:
        self._login = login
        self.port = 0
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [SYSTEM_PYTHON, str(PROGRAM), str(self.port), *self._login],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def url(self, path: str, login: str = "") -> str:
        return f"rtsp://{login}127.0.0.1:{self.port}{path}"

    def set_size(self, width: int, height: int) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"size {width} {height}\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def rtsp_server(need_program: Callable[[str], str]) -> Iterator[Callable[..., RtspServer]]:
    """Return a function that starts a server, with a login where one is given."""
    need_program(SYSTEM_PYTHON)
    need_program("gst-launch-1.0")
    if subprocess.run([SYSTEM_PYTHON, "-c", _PROBE], capture_output=True, check=False).returncode:
        pytest.skip("GStreamer's RTSP server is not installed: run `make deps` as root")
    started: list[RtspServer] = []

    def start(*login: str) -> RtspServer:
        started.append(RtspServer(login))
        return started[-1]

    yield start
    for server in started:
        server.kill()

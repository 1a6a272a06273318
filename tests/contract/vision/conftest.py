"""Stand-ins for hardware that is not here: a V4L2 device as the kernel shows one, and `rpicam-vid`."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from skerry_edge.vision.cameras import v4l2_abi as abi

WIDTH, HEIGHT = 64, 48
RPICAM = """\
#!{python}
import os, sys, time

# A stand-in for rpicam-vid: it checks how it is called, and writes the pictures of a file again and again.
arguments = dict(zip(sys.argv[1::2], sys.argv[2::2])) if "--flush" not in sys.argv else {{}}
words = " ".join(sys.argv[1:])
assert "--nopreview --timeout 0 --flush --camera" in words and words.endswith("--output -"), words
mode = os.environ["STANDIN"]
with open(os.environ["STANDIN_PID"], "w") as file:
    file.write(str(os.getpid()))
if mode == "absent":
    sys.exit("ERROR: *** no cameras available ***")
if mode == "busy":
    sys.exit("ERROR: *** failed to acquire camera /base/soc/i2c0mux/i2c@1/imx708@1a ***")
sys.stderr.write("[0:01:02.345] INFO Camera camera_manager.cpp:284 libcamera v0.3.1\\n")
pictures = open(os.environ["STANDIN_PICTURES"], "rb").read()
if mode == "unplugged":
    os.write(1, pictures + pictures[: len(pictures) // 2])
    sys.exit("ERROR: *** Device timeout detected ***")
while True:
    os.write(1, pictures)
    if mode == "stall":
        time.sleep(3600)
    time.sleep(0.01)
"""


@pytest.fixture
def picture() -> np.ndarray:
    """A red disc on grey."""
    pixels = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    return np.asarray(cv2.circle(pixels, (32, 24), 12, (0, 0, 255), -1))


@pytest.fixture
def rpicam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture: np.ndarray) -> Callable[[str], Path]:
    """Return a function that puts the stand-in on the PATH in a mode, and gives the file with its process id."""

    def install(mode: str) -> Path:
        program = tmp_path / "bin" / "rpicam-vid"
        program.parent.mkdir()
        program.write_text(RPICAM.format(python=sys.executable))
        program.chmod(0o755)
        (tmp_path / "pictures").write_bytes(cv2.imencode(".jpg", picture)[1].tobytes())
        monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
        for key, value in (("", mode), ("_PICTURES", tmp_path / "pictures"), ("_PID", tmp_path / "pid")):
            monkeypatch.setenv(f"STANDIN{key}", str(value))
        return tmp_path / "pid"

    return install


class FakeDevice:
    """A webcam as the kernel shows it, in memory: ioctls by their numbers, frames in shared buffers.

    ``errors`` holds the errno that an ioctl fails with, by its number; ``frames`` what it captures, one each time.
    """

    def __init__(self, frames: list[bytes], *, form: str = "YUYV") -> None:
        self.frames = frames
        self.form = form
        self.capabilities = abi.CAP_VIDEO_CAPTURE | abi.CAP_STREAMING
        self.errors: dict[int, int] = {}
        self.flags = abi.FLAG_TIMESTAMP_MONOTONIC
        self.captured_s: list[float] = []
        self.padding = 0
        self.wishes: list[tuple[int, int, str]] = []
        self.is_streaming = False
        self.is_closed = False
        self._memory: list[bytearray] = []
        self._queued: list[int] = []

    def control(self, request: int, argument: ctypes.Structure | ctypes.c_int32) -> None:
        if request in self.errors:
            raise OSError(self.errors[request], os.strerror(self.errors[request]))
        answer = {
            abi.QUERYCAP: self._querycap,
            abi.G_FMT: self._g_fmt,
            abi.S_FMT: self._s_fmt,
            abi.ENUM_FMT: self._enum_fmt,
            abi.S_PARM: lambda argument: None,
            abi.REQBUFS: self._reqbufs,
            abi.QUERYBUF: self._querybuf,
            abi.QBUF: lambda argument: self._queued.append(argument.index),
            abi.DQBUF: self._dqbuf,
            abi.STREAMON: lambda argument: setattr(self, "is_streaming", True),
            abi.STREAMOFF: lambda argument: setattr(self, "is_streaming", False),
        }[request]
        answer(argument)

    def map(self, length: int, offset: int) -> memoryview:
        return memoryview(self._memory[offset // 4096])[:length]

    def wait(self, timeout_s: float) -> bool:
        return bool(self.frames) or abi.DQBUF in self.errors

    def close(self) -> None:
        self.is_closed = True

    def _querycap(self, capability: abi.Capability) -> None:
        capability.card[:6] = b"Webcam"
        capability.capabilities = self.capabilities | abi.CAP_DEVICE_CAPS
        capability.device_caps = self.capabilities

    def _g_fmt(self, now: abi.Format) -> None:
        now.fmt.pix = abi.PixFormat(width=WIDTH, height=HEIGHT, pixelformat=abi.fourcc(self.form))

    def _s_fmt(self, wish: abi.Format) -> None:
        self.wishes.append((wish.fmt.pix.width, wish.fmt.pix.height, abi.fourcc_name(wish.fmt.pix.pixelformat)))
        stride = WIDTH * 2 + self.padding
        wish.fmt.pix = abi.PixFormat(
            width=WIDTH, height=HEIGHT, pixelformat=abi.fourcc(self.form), bytesperline=stride, sizeimage=1 << 16
        )

    def _enum_fmt(self, description: abi.FormatDescription) -> None:
        if description.index:
            raise OSError(errno.EINVAL, "no more")
        description.pixelformat = abi.fourcc(self.form)

    def _reqbufs(self, request: abi.RequestBuffers) -> None:
        request.count = 2
        self._memory = [bytearray(1 << 16) for _ in range(2)]

    def _querybuf(self, buffer: abi.Buffer) -> None:
        buffer.length = 1 << 16
        buffer.m.offset = buffer.index * 4096

    def _dqbuf(self, buffer: abi.Buffer) -> None:
        data = self.frames.pop(0)
        index = self._queued.pop(0)
        self._memory[index][: len(data)] = data
        now_s = time.monotonic() - 0.25
        self.captured_s.append(now_s)
        buffer.index, buffer.bytesused, buffer.flags = index, len(data), self.flags
        buffer.seconds, buffer.microseconds = int(now_s), int(now_s % 1 * 1e6)


@pytest.fixture
def yuyv(picture: np.ndarray) -> bytes:
    """The picture as a webcam gives it raw: luma of each pixel, blue and red difference of each pair."""
    planes = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV)
    pairs = planes.copy()[:, :, :2]
    pairs[:, 0::2, 1] = planes[:, 0::2, 1]
    pairs[:, 1::2, 1] = planes[:, 0::2, 2]
    # From full range to that of video (BT.601).
    pairs = pairs.astype(float)
    pairs[:, :, 0] = 16 + pairs[:, :, 0] * 219 / 255
    pairs[:, :, 1] = 128 + (pairs[:, :, 1] - 128) * 224 / 255
    return pairs.round().astype(np.uint8).tobytes()


@pytest.fixture
def fake_device() -> type[FakeDevice]:
    """The stand-in for a device."""
    return FakeDevice

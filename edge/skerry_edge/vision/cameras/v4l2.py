"""Cameras of the kernel: USB webcams and all else that Video4Linux2 shows as a capture device."""

from __future__ import annotations

import errno
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from ctypes import c_int32
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from skerry_edge.foundation.errors import MissingError, SkerryError
from skerry_edge.foundation.source_error import SourceError
from skerry_edge.vision.cameras import v4l2_abi as abi
from skerry_edge.vision.cameras.v4l2_device import Device, DeviceFile
from skerry_edge.vision.errors import ImageError
from skerry_edge.vision.frames import Failure, Frame
from skerry_edge.vision.images import Pixels, decode_image

PixelFormat = Literal["MJPG", "YUYV"]
PIXEL_FORMATS: tuple[PixelFormat, ...] = ("MJPG", "YUYV")
"""In the order in which they are asked for: compressed pictures come at full rate over USB 2, raw ones do not."""
BUFFERS = 4
_MAX_FORMATS = 64
_PLAUSIBLE_AGE_S = 10.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class V4l2Options:
    """What a camera is asked for; None leaves it the driver's choice. It gives the nearest that it can."""

    width: int | None = None
    height: int | None = None
    fps: float | None = None
    pixel_format: PixelFormat | None = None


class V4l2Camera:
    """The capture device at ``path``: `/dev/video0`, or a name below `/dev/v4l/by-id/` that stays with the camera.

    ``stall_s`` is how long it may take from one picture to the next. ``open_device`` is the seam to the kernel.
    """

    def __init__(
        self,
        path: str,
        options: V4l2Options,
        *,
        stall_s: float,
        open_device: Callable[[str], Device] = DeviceFile,
    ) -> None:
        self._path = path
        self._options = options
        self._stall_s = stall_s
        self._open_device = open_device

    def frames(self) -> Iterator[Frame | Failure]:
        """Yield pictures until the device fails; a damaged one is a failure.

        Raises MissingError where there is no such device, SourceError where it cannot be used, stalls or is unplugged.
        """
        began_s = time.monotonic()
        try:
            with closing(self._open_device(self._path)) as device:
                for index, (item, at_s) in enumerate(_Stream(device, self._path, self._options, self._stall_s)):
                    if isinstance(item, ImageError):
                        yield Failure(source=self._path, error=item)
                    else:
                        time_s = max(0.0, at_s - began_s)
                        yield Frame(source=self._path, index=index, time_s=time_s, pixels=item, at_s=at_s)
        except OSError as error:
            raise _told(error, self._path) from error

    def close(self) -> None:
        """Do nothing: the device is given back with the iteration."""


class _Stream:
    """A device that captures: pictures, each with its time on the monotonic clock. Raises OSError and SourceError."""

    def __init__(self, device: Device, path: str, options: V4l2Options, stall_s: float) -> None:
        self._device = device
        self._path = path
        self._stall_s = stall_s
        _check_is_camera(device, path)
        self._format = _negotiate(device, path, options)
        self._set_rate(options.fps)
        self._memory = self._share_memory()

    def __iter__(self) -> Iterator[tuple[Pixels | ImageError, float]]:
        kind = c_int32(abi.BUF_TYPE_VIDEO_CAPTURE)
        self._device.control(abi.STREAMON, kind)
        try:
            while True:
                yield self._next()
        finally:
            _try_to(lambda: self._device.control(abi.STREAMOFF, kind))
            self._memory.clear()

    def _next(self) -> tuple[Pixels | ImageError, float]:
        end_s = time.monotonic() + self._stall_s
        while (left_s := end_s - time.monotonic()) > 0 and self._device.wait(left_s):
            taken = self._take()
            if taken is not None:
                return taken
        found, todo = f"nothing for {self._stall_s:g} s", "plug it in anew, or give it more power"
        raise SourceError("stalled", "the camera gives no pictures", where=self._path, found=found, todo=todo)

    def _take(self) -> tuple[Pixels | ImageError, float] | None:
        """Return the picture that waits, or None where it was a false alarm, and give its memory back."""
        buffer = _buffer(0)
        try:
            self._device.control(abi.DQBUF, buffer)
        except BlockingIOError:
            return None
        at_s = _captured_s(buffer)
        data = bytes(self._memory[buffer.index][: buffer.bytesused])
        is_damaged = bool(buffer.flags & abi.FLAG_ERROR)
        self._device.control(abi.QBUF, buffer)
        if is_damaged or not data:
            return ImageError("the camera says that a picture is damaged", where=self._path), at_s
        try:
            return self._decode(data), at_s
        except ImageError as error:
            return error, at_s

    def _decode(self, data: bytes) -> Pixels:
        picture = self._format
        if abi.fourcc_name(picture.pixelformat) == "MJPG":
            return decode_image(data, where=self._path)
        stride = picture.bytesperline or picture.width * 2
        if len(data) < stride * picture.height:
            found = f"{len(data)} of {stride * picture.height} bytes"
            raise ImageError("a picture of the camera broke off", where=self._path, found=found)
        rows = np.frombuffer(data, np.uint8, stride * picture.height).reshape(picture.height, stride)
        pairs = np.ascontiguousarray(rows[:, : picture.width * 2]).reshape(picture.height, picture.width, 2)
        return np.asarray(cv2.cvtColor(pairs, cv2.COLOR_YUV2BGR_YUYV), np.uint8)

    def _set_rate(self, fps: float | None) -> None:
        if fps is None:
            return
        wish = abi.StreamParm(type=abi.BUF_TYPE_VIDEO_CAPTURE, numerator=1000, denominator=round(fps * 1000))
        # A driver without a choice of rates refuses to be asked, and is no worse a camera.
        _try_to(lambda: self._device.control(abi.S_PARM, wish))

    def _share_memory(self) -> list[memoryview]:
        request = abi.RequestBuffers(count=BUFFERS, type=abi.BUF_TYPE_VIDEO_CAPTURE, memory=abi.MEMORY_MMAP)
        self._device.control(abi.REQBUFS, request)
        memory = []
        for index in range(request.count):
            buffer = _buffer(index)
            self._device.control(abi.QUERYBUF, buffer)
            memory.append(self._device.map(buffer.length, buffer.m.offset))
            self._device.control(abi.QBUF, buffer)
        return memory


def _check_is_camera(device: Device, path: str) -> None:
    capability = abi.Capability()
    try:
        device.control(abi.QUERYCAP, capability)
    except OSError as error:
        if error.errno in (errno.ENOTTY, errno.EINVAL):
            raise SourceError("unsupported", "this is no camera", where=path, todo=_find_cameras()) from error
        raise
    has_own = capability.capabilities & abi.CAP_DEVICE_CAPS
    caps = capability.device_caps if has_own else capability.capabilities
    card = bytes(capability.card).split(b"\0")[0].decode("utf-8", errors="replace")
    if caps & abi.CAP_VIDEO_CAPTURE and caps & abi.CAP_STREAMING:
        return
    if caps & abi.CAP_VIDEO_CAPTURE_MPLANE:
        todo = "take it with the kind 'gstreamer' (v4l2src) or 'rpicam'"
        what = "the camera gives pictures in several planes, which are not read here"
        raise SourceError("unsupported", what, where=path, found=card, todo=todo)
    what = "this device captures no pictures"
    raise SourceError("unsupported", what, where=path, found=card, todo=_find_cameras())


def _negotiate(device: Device, path: str, options: V4l2Options) -> abi.PixFormat:
    """Ask for a size and one of the forms that can be read here, and return what the driver makes of it."""
    now = abi.Format(type=abi.BUF_TYPE_VIDEO_CAPTURE)
    device.control(abi.G_FMT, now)
    # Asked for no size, a driver would take the nearest to nothing.
    width, height = options.width or now.fmt.pix.width, options.height or now.fmt.pix.height
    for name in (options.pixel_format,) if options.pixel_format else PIXEL_FORMATS:
        wish = abi.Format(type=abi.BUF_TYPE_VIDEO_CAPTURE)
        wish.fmt.pix = abi.PixFormat(width=width, height=height, pixelformat=abi.fourcc(name))
        device.control(abi.S_FMT, wish)
        if abi.fourcc_name(wish.fmt.pix.pixelformat) == name:
            picture: abi.PixFormat = wish.fmt.pix
            _say_what_came(picture, path, options)
            return picture
    offered = ", ".join(_offered(device)) or "nothing that it names"
    todo = f"it must offer {' or '.join(PIXEL_FORMATS)}; the kind 'gstreamer' converts others"
    what = "the camera does not offer the pixel format"
    raise SourceError("unsupported", what, where=path, found=f"it offers {offered}", todo=todo)


def _say_what_came(picture: abi.PixFormat, path: str, options: V4l2Options) -> None:
    wished = (options.width or picture.width, options.height or picture.height)
    is_as_wished = wished == (picture.width, picture.height)
    level = logging.INFO if is_as_wished else logging.WARNING
    note = "" if is_as_wished else f", the nearest to {wished[0]}x{wished[1]}"
    name = abi.fourcc_name(picture.pixelformat)
    _log.log(level, "%s gives %s, %dx%d%s", path, name, picture.width, picture.height, note)


def _offered(device: Device) -> list[str]:
    names = []
    for index in range(_MAX_FORMATS):
        description = abi.FormatDescription(index=index, type=abi.BUF_TYPE_VIDEO_CAPTURE)
        try:
            device.control(abi.ENUM_FMT, description)
        except OSError:
            break  # how the list ends
        names.append(abi.fourcc_name(description.pixelformat))
    return names


def _buffer(index: int) -> abi.Buffer:
    return abi.Buffer(index=index, type=abi.BUF_TYPE_VIDEO_CAPTURE, memory=abi.MEMORY_MMAP)


def _captured_s(buffer: abi.Buffer) -> float:
    """Return when the driver had the picture, where it counts on the monotonic clock as this process does."""
    now_s = time.monotonic()
    stamp_s = float(buffer.seconds + buffer.microseconds / 1e6)
    is_monotonic = buffer.flags & abi.FLAG_TIMESTAMP_MASK == abi.FLAG_TIMESTAMP_MONOTONIC
    return stamp_s if is_monotonic and 0.0 <= now_s - stamp_s <= _PLAUSIBLE_AGE_S else now_s


def _try_to(act: Callable[[], None]) -> None:
    """Do what may fail without harm, and say so in the log."""
    try:
        act()
    except OSError as error:
        _log.debug("the camera's driver: %s", error.strerror)


def _told(error: OSError, path: str) -> SkerryError:
    """Return what an error of the device means and what to do."""
    if error.errno in (errno.ENOENT, errno.ENXIO):
        return MissingError("there is no such camera", where=path, todo=_find_cameras())
    if error.errno == errno.ENODEV:
        return SourceError("unplugged", "the camera was unplugged", where=path, todo="plug it in again")
    if error.errno in (errno.EACCES, errno.EPERM):
        todo = "put the user that runs this into the group 'video'"
        return SourceError("forbidden", "the camera may not be used", where=path, found=error.strerror, todo=todo)
    if error.errno == errno.EBUSY:
        todo = f"see who uses it with: fuser -v {path}"
        return SourceError("busy", "the camera is in use", where=path, found=error.strerror, todo=todo)
    if error.errno == errno.ENOSPC:
        todo = "put it on another USB controller, ask for a smaller picture, or for MJPG"
        return SourceError("busy", "the USB bus has no room for the camera", where=path, todo=todo)
    found = error.strerror or os.strerror(error.errno or 0)
    return SourceError("failed", "the camera failed", where=path, found=found)


def _find_cameras() -> str:
    """Say which cameras there are, by the names that stay with them."""
    folder = Path("/dev/v4l/by-id")
    names = sorted(str(one) for one in folder.iterdir()) if folder.is_dir() else []
    return f"cameras here: {', '.join(names)}" if names else "see the cameras with: v4l2-ctl --list-devices"

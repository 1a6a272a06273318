"""A device file of the kernel, reduced to what a V4L2 camera does with it."""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import select
from typing import Protocol


class Device(Protocol):
    """An open device; every method raises OSError with the driver's own reason."""

    def control(self, request: int, argument: ctypes.Structure | ctypes.c_int32) -> None:
        """Send an ioctl; the driver answers in ``argument``."""
        ...

    def map(self, length: int, offset: int) -> memoryview:
        """Return the driver's memory at ``offset``."""
        ...

    def wait(self, timeout_s: float) -> bool:
        """Wait for a picture or an error; False when there is neither within ``timeout_s``."""
        ...

    def close(self) -> None:
        """Give the device back, and its memory."""
        ...


class DeviceFile:
    """The device at a path. Raises OSError where it cannot be opened."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._maps: list[mmap.mmap] = []
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)

    def control(self, request: int, argument: ctypes.Structure | ctypes.c_int32) -> None:
        """Send an ioctl (see Device)."""
        fcntl.ioctl(self._descriptor, request, argument)

    def map(self, length: int, offset: int) -> memoryview:
        """Return the driver's memory (see Device)."""
        mapped = mmap.mmap(self._descriptor, length, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE, offset=offset)
        self._maps.append(mapped)
        return memoryview(mapped)

    def wait(self, timeout_s: float) -> bool:
        """Wait (see Device); an unplugged device ends the wait too, and the next ioctl says why."""
        return bool(self._poll.poll(timeout_s * 1000))

    def close(self) -> None:
        """Give the device back. The maps go with the last view of them."""
        self._maps.clear()
        os.close(self._descriptor)

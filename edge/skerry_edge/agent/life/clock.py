"""Whether the wall clock can be trusted, as the kernel sees it."""

from __future__ import annotations

import ctypes
import functools
import time
from pathlib import Path
from typing import Literal

_TIME_ERROR = 5
_STA_UNSYNC = 0x0040
_SYSTEMD_MARK = Path("/run/systemd/timesync/synchronized")


class _Timex(ctypes.Structure):
    """The head of Linux's `struct timex` (adjtimex(2)) and room for the rest, which no architecture exceeds."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 512),
    )


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def clock_state() -> Literal["synced", "unsynced"]:
    """Return ``synced`` where the kernel or systemd-timesyncd says so.

    Not knowing counts as ``unsynced``, and so does a time before 1970.
    """
    if time.time() < 0:
        return "unsynced"
    timex = _Timex()
    answer: int = _libc().adjtimex(ctypes.byref(timex))
    return state_from(answer, timex.status, marked=_SYSTEMD_MARK.exists())


def state_from(answer: int, status: int, *, marked: bool) -> Literal["synced", "unsynced"]:
    """Judge adjtimex's return value (-1: refused) and status bits, and systemd-timesyncd's mark."""
    if answer >= 0:
        return "unsynced" if answer == _TIME_ERROR or status & _STA_UNSYNC else "synced"
    return "synced" if marked else "unsynced"

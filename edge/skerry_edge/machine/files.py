"""The kernel's small files: one value each, and any of them may be missing, empty or refuse to be read."""

from __future__ import annotations

import math
import os
from pathlib import Path

MAX_BYTES = 65536


def read_text(path: Path) -> str | None:
    """Return a file's text without white space and NUL around it; None where there is none to be had.

    Read by system calls: a sensor that sleeps answers EAGAIN, of which Python's files make a TypeError. A pipe in the
    place of a file is not waited for.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    data = b""
    try:
        # The kernel gives the longer of its files in pieces of a page.
        while len(data) < MAX_BYTES and (piece := os.read(descriptor, MAX_BYTES)):
            data += piece
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return data.decode("utf-8", errors="replace").strip().strip("\0").strip() or None


def read_number(path: Path) -> float | None:
    """Return a file's number; None where there is none to be had, and for what is not finite."""
    return number(read_text(path))


def number(text: str | None) -> float | None:
    """Return the finite number that ``text`` is, else None."""
    try:
        value = None if text is None else float(text)
    except ValueError:
        return None
    return value if value is not None and math.isfinite(value) else None


def line_values(text: str | None) -> dict[str, str]:
    """Return what lines like ``key: value`` say, the first of each key."""
    found: dict[str, str] = {}
    for line in (text or "").splitlines():
        key, colon, value = line.partition(":")
        if colon:
            found.setdefault(key.strip(), value.strip())
    return found

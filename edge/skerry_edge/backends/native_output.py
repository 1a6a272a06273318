"""Native libraries' chatter on stderr, held back while they run."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

STDERR = 2


class Chatter:
    """What was written to file descriptor 2 while it was held."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def text(self) -> str:
        """Return what was written so far."""
        position = self._file.tell()
        self._file.seek(0)
        text = self._file.read().decode("utf-8", "replace")
        self._file.seek(position)
        return text


@contextmanager
def held_stderr() -> Iterator[Chatter]:
    """Send file descriptor 2, of this whole process, into a temporary file while the body runs."""
    sys.stderr.flush()
    saved = os.dup(STDERR)
    try:
        with tempfile.TemporaryFile() as file:
            os.dup2(file.fileno(), STDERR)
            try:
                yield Chatter(file)
            finally:
                sys.stderr.flush()
                os.dup2(saved, STDERR)
    finally:
        os.close(saved)


@contextmanager
def only_warnings() -> Iterator[None]:
    """Let what native code writes to stderr through when the body ends, but for its `INFO:` lines."""
    kept = ""
    try:
        with held_stderr() as chatter:
            try:
                yield
            finally:
                kept = without_information(chatter.text())
    finally:
        if kept:
            os.write(STDERR, kept.encode())


def without_information(text: str) -> str:
    """Return ``text`` without the lines that begin with `INFO:`."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("INFO:"))

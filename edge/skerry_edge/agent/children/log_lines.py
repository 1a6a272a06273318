"""A child's log on its way through the parent: cut into lines, each with its level."""

from __future__ import annotations

import logging

MAX_LOG_LINE_BYTES = 4096
_LEVELS = {"DEBUG": logging.DEBUG, "WARNING": logging.WARNING, "ERROR": logging.ERROR, "CRITICAL": logging.CRITICAL}


class LogLines:
    """Cuts a child's log into lines; one longer than ``MAX_LOG_LINE_BYTES`` is cut in pieces."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> list[str]:
        """Return the lines that ``piece`` completes, without empty ones."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        while len(self._rest) > MAX_LOG_LINE_BYTES:
            lines.append(self._rest[:MAX_LOG_LINE_BYTES])
            self._rest = self._rest[MAX_LOG_LINE_BYTES:]
        return _readable(lines)

    def close(self) -> list[str]:
        """Return the unfinished line, if there is one."""
        lines, self._rest = [self._rest], b""
        return _readable(lines)


def _readable(lines: list[bytes]) -> list[str]:
    texts = (line.decode("utf-8", errors="replace").rstrip() for line in lines)
    return [text[:MAX_LOG_LINE_BYTES] for text in texts if text]


def level_of(line: str) -> int:
    """Return the level of a child's log line, which begins with its name; foreign lines are INFO."""
    return _LEVELS.get(line.split(" ", 1)[0], logging.INFO)

"""The newest lines of the agent's log, redacted, for whoever asks from afar."""

from __future__ import annotations

import logging
from collections import deque

import msgspec

from skerry_edge.foundation.log import LINE_FORMAT
from skerry_edge.foundation.redaction import RedactingFormatter

MAX_LINES = 1000
MAX_LINE_CHARS = 500


class LogTail(logging.Handler):
    """A log handler that keeps the last lines in memory, secrets masked."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(RedactingFormatter(LINE_FORMAT))
        self._lines: deque[str] = deque(maxlen=MAX_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record, cut to MAX_LINE_CHARS (see logging.Handler)."""
        try:
            line = self.format(record)[:MAX_LINE_CHARS]
            # A lone surrogate, as a file's name may have, is no text that JSON could carry.
            self._lines.append(line.encode("utf-8", errors="replace").decode())
        except Exception:  # noqa: BLE001  # logging's rule: a record that cannot be formatted must not end its caller
            self.handleError(record)

    def newest(self, count: int, max_bytes: int) -> list[str]:
        """Return at most ``count`` of the last lines, oldest first, as many as fit into ``max_bytes`` of JSON."""
        kept: list[str] = []
        left = max_bytes
        self.acquire()  # children and the session's thread log meanwhile
        try:
            lines = list(self._lines)
        finally:
            self.release()
        for line in reversed(lines):
            # The quotes around it stand for the line's end between it and the next.
            left -= len(msgspec.json.encode(line))
            if left < 0 or len(kept) == count:
                break
            kept.append(line)
        return kept[::-1]

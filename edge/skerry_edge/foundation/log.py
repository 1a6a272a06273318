"""Process-wide logging: one line a record on stderr, as text or as JSON, secrets masked."""

from __future__ import annotations

import datetime as dt
import logging
import sys
from typing import Literal

import msgspec

from skerry_edge.foundation.redaction import RedactingFormatter, redact

LogFormat = Literal["text", "json"]
LINE_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
CHATTY = ("httpx", "httpcore")
"""Libraries that write a line for every request: the addresses of a store's queries, tens of them a second."""


class JsonFormatter(logging.Formatter):
    """One JSON object a line: ``time`` (RFC 3339, UTC), ``level``, ``logger``, ``message``, ``exception`` if any."""

    def format(self, record: logging.LogRecord) -> str:
        """Format the record; secrets are masked before it is quoted, which would hide them from the search."""
        time = dt.datetime.fromtimestamp(record.created, dt.timezone.utc)
        line = {
            "time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if record.exc_info:
            line["exception"] = redact(self.formatException(record.exc_info))
        return msgspec.json.encode(line).decode()


def configure_logging(level: str = "INFO", form: LogFormat = "text") -> None:
    """Send records of ``level`` and above to stderr through a redacting formatter, once per process.

    Of CHATTY libraries only what is wrong is written, but at level DEBUG.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else RedactingFormatter(LINE_FORMAT))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.NOTSET if root.level <= logging.DEBUG else logging.WARNING)

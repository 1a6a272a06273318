"""Process-wide logging: one line a record on stderr, secrets masked."""

from __future__ import annotations

import logging
import sys

from skerry_edge.foundation.redaction import RedactingFormatter

LINE_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def configure_logging(level: str = "INFO") -> None:
    """Send records of ``level`` and above to stderr through the redacting formatter, once per process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingFormatter(LINE_FORMAT))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())

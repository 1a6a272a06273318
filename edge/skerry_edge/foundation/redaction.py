"""The one place where secrets are taken out of text before it is logged, shown or sent."""

from __future__ import annotations

import logging
import re

_USER_INFO = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*://)(?P<user>[^\s/@]*@)+")
_SECRET_PARAMETER = re.compile(
    r"(?i)\b(?P<key>password|passwd|pwd|passphrase|token|secret|api[_-]?key|authorization)"
    r"(?P<sep>[\"']?\s*[=:]\s*)(?P<scheme>(?:bearer|token|basic)\s+)?(?P<value>\"[^\"]*\"|'[^']*'|[^\s&,;}\"']+)"
)
MASK = "***"


def redact(text: str) -> str:
    """Return ``text`` with URL user information and values of secret-looking parameters masked."""
    text = _USER_INFO.sub(lambda match: f"{match['scheme']}{MASK}@", text)
    return _SECRET_PARAMETER.sub(lambda match: f"{match['key']}{match['sep']}{MASK}", text)


class RedactingFormatter(logging.Formatter):
    """A log formatter that redacts the whole formatted record, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        """Format the record and mask secrets in the result."""
        return redact(super().format(record))

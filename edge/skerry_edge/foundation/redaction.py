"""The one place where secrets are taken out of text before it is logged, shown or sent."""

from __future__ import annotations

import logging
import re

MASK = "***"

# `user-pw` and `proxy-pw` are GStreamer's; the short ones are names only as whole words, as `bypass` is none.
_NAME = (
    r"(?:password|passwd|passphrase|pwd|secret|token|credentials?|authorization"
    r"|api[_-]?key|access[_-]?key|private[_-]?key|(?<![A-Za-z0-9])(?:pw|pass))"
)
_VALUE = r"(?:\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[^\s&]+)"
_SETTING = re.compile(
    rf"(?i)(?P<key>{_NAME}(?:\\*[\"'])?\s*[=:]\s*|--[a-z-]{{0,40}}{_NAME}\s+)(?:(?:bearer|token|basic|digest)\s+)?(?P<value>{_VALUE})"
)
# InfluxDB 1.x takes user and password as `u` and `p` in the query.
_QUERY = re.compile(r"(?i)(?P<key>[?&](?:p|pass|key|sig|signature|auth)=)[^\s&]*")
_SCHEME = re.compile(r"(?P<key>\b(?:Bearer|Basic)\s+)(?=\S*[0-9A-Z=])[A-Za-z0-9._~+/=-]{8,}")
_KEY_BLOCK = re.compile(r"(?P<key>-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?=-----END|\Z)", re.DOTALL)


def redact(text: str) -> str:
    """Return ``text`` with user information of URLs, values of secret-looking keys, and private keys masked.

    In doubt it masks too much: of a URL everything up to the word's last "@", since a password may itself hold "@"
    and "/" whatever RFC 3986 says; of an unquoted value everything up to the next blank or "&". A secret that holds
    blanks is masked whole inside quotes only. The time is linear in the length of the text, which may be a stranger's.
    """
    text = re.sub(r"\S+", _without_user, text)
    for pattern in (_SETTING, _QUERY, _SCHEME, _KEY_BLOCK):
        text = pattern.sub(lambda match: f"{match['key']}{MASK}", text)
    return text


def secrets_in(text: str) -> set[str]:
    """Return the values of secret-looking keys in ``text``, so that they can be looked for where no key tells them."""
    return {match["value"].strip("\"'") for match in _SETTING.finditer(text)}


def _without_user(match: re.Match[str]) -> str:
    word = match[0]
    start, end = word.find("://"), word.rfind("@")
    if not 0 <= start < end:
        return word
    # Past a "?" the "@" may belong to a secret in the query as well as to a password: neither side is shown.
    shown = "" if "?" in word[start:end] else word[end:]
    return f"{word[: start + 3]}{MASK}{shown}"


class RedactingFormatter(logging.Formatter):
    """A log formatter that redacts the whole formatted record, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        """Format the record and mask secrets in the result."""
        return redact(super().format(record))

"""What people may call things: told in words here, where a database would answer with an error of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from skerry_edge.contracts.topics import NAME_PATTERN, is_name
from skerry_edge.foundation.errors import ConfigError

MAX_NAME_CHARS = 128
MAX_NOTE_CHARS = 4096
MAX_TAG_CHARS = 256
MAX_JSON_DEPTH = 32
_KEY = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}\Z")


def check_name(name: str, *, where: str) -> str:
    """Return ``name`` if it may stand for a site, a group or a user. Raises ConfigError."""
    if not is_name(name):
        raise ConfigError(f"a name must match {NAME_PATTERN}", where=where, found=repr(name[:MAX_NAME_CHARS]))
    return name


def check_key(key: str, *, where: str) -> str:
    """Return ``key`` if tags may have it. Raises ConfigError."""
    if not _KEY.match(key):
        raise ConfigError(
            "a tag's key is 1 to 63 of a-z, 0-9, '_', '.' and '-', and begins with a letter or digit",
            where=where,
            found=repr(key[:MAX_NAME_CHARS]),
        )
    return key


def check_text(text: str, *, where: str, max_chars: int) -> str:
    """Return ``text`` if every database keeps it as it is. Raises ConfigError."""
    if len(text) > max_chars:
        raise ConfigError(f"the text has more than {max_chars} characters", where=where, found=f"{len(text)}")
    if "\x00" in text or not _is_unicode(text):
        raise ConfigError("the text holds what is no character", where=where, found=ascii(text[:MAX_NAME_CHARS]))
    return text


def check_optional_text(text: str | None, *, where: str, max_chars: int) -> str | None:
    """Return ``text`` as `check_text` does, None where it is None or empty. Raises ConfigError."""
    return check_text(text, where=where, max_chars=max_chars) if text else None


def check_choice(value: str, choices: Iterable[str], *, where: str) -> str:
    """Return ``value`` if it is one of ``choices``. Raises ConfigError."""
    known = tuple(choices)
    if value not in known:
        raise ConfigError(f"it must be one of {', '.join(known)}", where=where, found=repr(value[:MAX_NAME_CHARS]))
    return value


def check_json(value: object, *, where: str, max_bytes: int) -> None:
    """Refuse what is no JSON, what not every program reads as such, and what has more bytes. Raises ConfigError.

    Half a character, a whole number beyond 64 bits and deep nesting pass some JSON readers and end others: nobody who
    is to hand the value on could.
    """
    try:
        size = len(json.dumps(value, allow_nan=False, ensure_ascii=False).encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError("it cannot be written as JSON", where=where, found=ascii(str(error))) from error
    if size > max_bytes:
        raise ConfigError(f"it has more than {max_bytes} bytes as JSON", where=where, found=f"{size}")
    level: list[object] = [value]
    for _ in range(MAX_JSON_DEPTH):
        for one in level:
            if isinstance(one, int) and not -(2**63) <= one < 2**63:
                raise ConfigError("it holds a whole number of more than 64 bits", where=where, found=f"{one}"[:64])
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return
    raise ConfigError(f"it is nested more than {MAX_JSON_DEPTH} levels deep", where=where)


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

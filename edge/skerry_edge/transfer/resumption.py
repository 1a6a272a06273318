"""What a server's answer means for a download that may have begun earlier: decisions alone, no input or output.

RFC 9110: a range of the file as it was is asked for with Range and If-Range; 206 brings it, 200 the whole file anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from skerry_edge.foundation.errors import ConfigError, DataError, ReachError
from skerry_edge.foundation.redaction import redact

_LATER = "try again later, when it goes on where it stopped, or take it from another place"
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_MISSING = frozenset({404, 410})
_RANGE = re.compile(r"bytes (?P<first>[0-9]{1,18})-[0-9]{1,18}/(?P<total>[0-9]{1,18}|\*)")
_NUMBER = re.compile(r"[0-9]{1,18}")


class TransientError(ReachError):
    """A failure that may pass. ``retry_after_s`` is how long the server asks to be left alone, None where it does not.

    ``part_is_useless`` says that what was downloaded so far does not belong to the file as it is now, ``stalled`` that
    the server answered too slowly or not at all.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str,
        found: str | None = None,
        retry_after_s: float | None = None,
        part_is_useless: bool = False,
        stalled: bool = False,
    ) -> None:
        super().__init__(what, where=where, found=found, todo=_LATER)
        self.retry_after_s = retry_after_s
        self.stalled = stalled
        self.part_is_useless = part_is_useless


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """What an answer brings: bytes from ``offset`` on, of a file of ``total`` bytes (None where it does not say).

    ``validator`` names this version of the file for If-Range; None where the server gives no strong one.
    """

    offset: int
    total: int | None
    validator: str | None


def request_headers(offset: int, validator: str | None) -> dict[str, str]:
    """Return the headers that ask for a file from ``offset`` on, or for all of it where nothing can be gone on with."""
    headers = {"Accept-Encoding": "identity"}
    if offset and validator:
        headers.update({"Range": f"bytes={offset}-", "If-Range": validator})
    return headers


def read_answer(status: int, headers: Mapping[str, str], *, url: str, offset: int, sizes: Sequence[int]) -> Body:
    """Return what an answer to a request from ``offset`` on brings; ``sizes`` are those that the file may have.

    Raises TransientError where trying again may help, ReachError where the server refuses, and DataError where it has
    something else than the file.
    """
    refuse_status(status, headers, url)
    encoding = headers.get("Content-Encoding", "identity")
    if encoding.lower() != "identity":
        raise DataError("the server sends the file in another encoding than asked for", where=url, found=encoding)
    first, total = _extent(status, headers, url)
    if first not in (0, offset):
        raise _useless(url, f"bytes from {first} on, asked from {offset} on")
    if total is not None and total not in sizes:
        if first:
            raise _useless(url, f"a file of {total} bytes now")
        raise wrong_size(url, total, sizes)
    return Body(offset=first, total=total, validator=_validator(headers))


def wrong_size(url: str, size: int | str, sizes: Sequence[int]) -> DataError:
    """Return the error for a file of another size than it must have."""
    expected = " or ".join(map(str, sizes))
    return DataError("what lies at the address is another file", where=url, found=f"{size} bytes instead of {expected}")


def redirected(url: str, location: str) -> str:
    """Return the address that ``location`` means. Raises ReachError where it leads out of https, or is no address."""
    try:
        target = urljoin(url, location)
        before, after = urlsplit(url).scheme, urlsplit(target).scheme
    except ValueError as error:
        raise ReachError("the server redirects to what is no address", where=url, found=location[:200]) from error
    if after != "https" and not (after == before == "http"):
        raise ReachError("the server redirects to an address that is not safe", where=url, found=target[:200])
    return target


def require_web_address(text: str) -> str:
    """Return ``text`` where it is an http or https address to which a path can be added. Raises ConfigError."""
    try:
        parts = urlsplit(text)
        plain = not (parts.query or parts.fragment or "@" in parts.netloc)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        plain = whole = False
    if not (plain and whole):
        raise ConfigError(
            "files cannot be taken from this address",
            found=f"'{redact(text)}'",
            todo="give such as https://mirror.example/files, with no password, query or fragment",
        )
    return text


def refuse_status(status: int, headers: Mapping[str, str], url: str) -> None:
    """Raise TransientError or ReachError for a ``status`` that brings no file."""
    if status in (200, 206):
        return
    if status == 416:
        raise _useless(url, "status 416")
    if status in _PASSING:
        raise TransientError(
            "the server cannot answer now", where=url, found=f"status {status}", retry_after_s=_retry_after_s(headers)
        )
    if status in _MISSING:
        raise ReachError(
            "the file is not at its address any more",
            where=url,
            found=f"status {status}",
            todo="take it from a place that has it",
        )
    raise ReachError("the server does not give the file", where=url, found=f"status {status}")


def _extent(status: int, headers: Mapping[str, str], url: str) -> tuple[int, int | None]:
    """Return where the body begins in the file and how large the file is."""
    if status == 200:
        length = headers.get("Content-Length", "")
        return 0, int(length) if _NUMBER.fullmatch(length) else None
    match = _RANGE.fullmatch(headers.get("Content-Range", ""))
    if match is None:
        raise _useless(url, "a part of it without saying which")
    return int(match["first"]), int(match["total"]) if match["total"] != "*" else None


def _useless(url: str, found: str) -> TransientError:
    return TransientError("the server does not go on where it stopped", where=url, found=found, part_is_useless=True)


def _validator(headers: Mapping[str, str]) -> str | None:
    """Return what If-Range may hold: a strong entity tag, or else the date (RFC 9110, 13.1.5)."""
    tag = headers.get("ETag", "")
    return tag if tag.startswith('"') else headers.get("Last-Modified")


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of Retry-After; None for a date, which is rare and needs clocks that agree."""
    text = headers.get("Retry-After", "")
    return float(text) if _NUMBER.fullmatch(text) else None

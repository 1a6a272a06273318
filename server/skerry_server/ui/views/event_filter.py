"""The event feed's address: which events are wanted, and which page of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from urllib.parse import urlencode

from skerry_edge.foundation.errors import ConfigError
from skerry_server.registry.checks import MAX_NAME_CHARS, check_choice, check_text
from skerry_server.registry.events import EventSearch

ROWS_A_PAGE = 50
KINDS = ("detection", "wakeword", "system")
KEYS = ("kind", "label", "device", "site", "from", "to")
MAX_ID_DIGITS = 18


def event_search(query: Mapping[str, str], *, sites: frozenset[str] | None) -> EventSearch:
    """Return what an address asks for, one more than a page holds. Raises ConfigError for what no event can have."""
    given = {key: check_text(query.get(key, "").strip(), where=key, max_chars=MAX_NAME_CHARS) for key in KEYS}
    if given["kind"]:
        check_choice(given["kind"], KINDS, where="kind")
    before = query.get("before", "")
    if before and not is_number(before):
        raise ConfigError("a page begins before the number of an event", where="before", found=repr(before[:40]))
    return EventSearch(
        kind=given["kind"] or None,
        label=given["label"] or None,
        device=given["device"] or None,
        site=given["site"] or None,
        sites=sites,
        newest_of_track=True,
        since_ms=_moment(given["from"], where="from"),
        until_ms=_moment(given["to"], where="to"),
        before_id=int(before) if before else None,
        limit=ROWS_A_PAGE + 1,
    )


def _moment(text: str, *, where: str) -> int | None:
    """Return Unix ms of a date and time as a browser's field gives it, of the server's zone, in which all is shown."""
    if not text:
        return None
    try:
        return round(dt.datetime.fromisoformat(text).timestamp() * 1000)
    except (ValueError, OverflowError, OSError) as error:
        raise ConfigError(
            "this is no date and time", where=where, found=repr(text[:40]), todo="2026-11-22T17:30"
        ) from error


def address(query: Mapping[str, str], *, before: int | None = None) -> str:
    """Return the feed's address with the same filter, and the page before an event, the newest where there is none."""
    kept = {key: query[key] for key in KEYS if query.get(key)}
    if before is not None:
        kept["before"] = str(before)
    return f"/events?{urlencode(kept)}" if kept else "/events"


def is_number(text: str) -> bool:
    """Tell whether ``text`` is a whole number that a database can hold."""
    return text.isascii() and text.isdigit() and len(text) <= MAX_ID_DIGITS

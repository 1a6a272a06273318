"""The device list's address: which devices are wanted, and which page of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args
from urllib.parse import urlencode

from skerry_edge.contracts.topics import is_name
from skerry_edge.foundation.errors import ConfigError
from skerry_server.presence import PresenceState
from skerry_server.registry.checks import MAX_NAME_CHARS, MAX_TAG_CHARS, check_key, check_text
from skerry_server.registry.fleet.listing import NEVER_HEARD, DeviceSearch

ROWS_A_PAGE = 50
STATES: tuple[str, ...] = (*get_args(PresenceState), NEVER_HEARD)
KEYS = ("q", "state", "site", "group", "tag", "board", "version", "out")


def device_search(query: Mapping[str, str], *, sites: frozenset[str] | None) -> DeviceSearch:
    """Return what an address asks for. Raises ConfigError for what no device can have."""
    given = {key: check_text(query.get(key, "").strip(), where=key, max_chars=MAX_NAME_CHARS) for key in KEYS}
    state, after = given["state"], query.get("after", "")
    if state and state not in STATES:
        raise ConfigError(f"a state is one of {', '.join(STATES)}", where="state", found=repr(state))
    if after and not is_name(after):
        raise ConfigError("a page begins after the name of a device", where="after", found=repr(after[:MAX_NAME_CHARS]))
    return DeviceSearch(
        state=state or None,
        site=given["site"] or None,
        sites=sites,
        group=given["group"] or None,
        tags=tag_filter(given["tag"]),
        board=given["board"] or None,
        agent_version=given["version"] or None,
        text=given["q"] or None,
        is_decommissioned=given["out"] == "1",
        after_id=after or None,
        limit=ROWS_A_PAGE,
    )


def tag_filter(text: str) -> dict[str, str | None]:
    """Return the tags of ``key=value, key``, where one without a value stands for any. Raises ConfigError."""
    tags: dict[str, str | None] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        key, equals, value = part.partition("=")
        tags[check_key(key.strip(), where="the tags")] = value.strip() if equals else None
    return tags


def tags_from(text: str) -> dict[str, str]:
    """Return the tags of ``key=value, key=value``. Raises ConfigError for one without a value."""
    tags: dict[str, str] = {}
    for key, value in tag_filter(text).items():
        if not value:
            raise ConfigError("a tag is written key=value", where="the tags", found=repr(key))
        tags[key] = check_text(value, where=f"the tag '{key}'", max_chars=MAX_TAG_CHARS)
    return tags


def address(query: Mapping[str, str], *, after: str | None = None) -> str:
    """Return the list's address with the same filter, and the page after ``after``, the first where there is none."""
    kept = {key: query[key] for key in KEYS if query.get(key)}
    if after is not None:
        kept["after"] = after
    return f"/devices?{urlencode(kept)}" if kept else "/devices"

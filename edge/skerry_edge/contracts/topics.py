"""MQTT topics `skerry/v1/{site}/{device}/…`: built and taken apart in this one place."""

from __future__ import annotations

import re
from typing import Literal, get_args

from msgspec import Struct

from skerry_edge.contracts.errors import WireError

ROOT = "skerry/v1"
FLEET_FILTER = "skerry/#"
"""What a server subscribes to: wider than the contract, so that foreign topics end in the dead letters."""
UpKind = Literal["status", "heartbeat", "event", "snapshot", "state", "result"]
DownKind = Literal["desired", "command"]
UP_KINDS: tuple[str, ...] = get_args(UpKind)
DOWN_KINDS: tuple[str, ...] = get_args(DownKind)
KINDS_WITH_ID = ("snapshot", "result")
NAME_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"
NAME_IN_WORDS = "a-z, 0-9 and '-', at most 63 of them and no '-' at the beginning"
ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
MAX_TOPIC_CHARS = 256
_NAME = re.compile(NAME_PATTERN.rstrip("$") + r"\Z")
_ID = re.compile(ID_PATTERN.rstrip("$") + r"\Z")


class Topic(Struct, frozen=True, kw_only=True, gc=False):
    """One topic of the contract; ``item`` is the event of a snapshot or the command of a result."""

    site: str
    device: str
    kind: str
    item: str | None = None

    def __str__(self) -> str:
        tail = f"/{self.item}" if self.item else ""
        return f"{ROOT}/{self.site}/{self.device}/{self.kind}{tail}"


def is_name(text: str) -> bool:
    """Tell whether ``text`` may stand for a site or a device in a topic."""
    return _NAME.match(text) is not None


def is_id(text: str) -> bool:
    """Tell whether ``text`` may stand for an event or a command in a topic."""
    return _ID.match(text) is not None


def topic_of(site: str, device: str, kind: UpKind | DownKind, item: str | None = None) -> str:
    """Build a topic. Raises WireError when a part would not parse back."""
    return str(parse_topic(str(Topic(site=site, device=device, kind=kind, item=item))))


def parse_topic(text: str) -> Topic:
    """Take a topic apart. Raises WireError with reason ``topic`` for anything outside the contract."""
    if len(text) > MAX_TOPIC_CHARS:
        raise WireError("topic", "the topic is too long", found=f"{len(text)} characters")
    parts = text.split("/")
    if len(parts) not in (5, 6) or "/".join(parts[:2]) != ROOT:
        raise WireError("topic", f"the topic is not of the form {ROOT}/site/device/kind", found=repr(text))
    site, device, kind = parts[2:5]
    item = parts[5] if len(parts) == 6 else None
    if not (is_name(site) and is_name(device)):
        raise WireError("topic", f"site and device are {NAME_IN_WORDS}", found=repr(text))
    if kind not in UP_KINDS + DOWN_KINDS:
        raise WireError("topic", "the topic's kind is unknown", found=repr(text))
    if (item is not None) != (kind in KINDS_WITH_ID):
        raise WireError("topic", f"only {' and '.join(KINDS_WITH_ID)} carry an id, and they must", found=repr(text))
    if item is not None and not is_id(item):
        raise WireError("topic", f"the id must match {ID_PATTERN}", found=repr(text))
    return Topic(site=site, device=device, kind=kind, item=item)

"""What the API is asked for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from skerry_edge.contracts.topics import NAME_PATTERN
from skerry_server.registry.events import MAX_PAGE, EventSearch
from skerry_server.registry.fleet.listing import DeviceSearch

MAX_UNIX_MS = 2**53
CURSOR_PATTERN = r"^[0-9]{1,16}$"
TAG_PATTERN = r"^[a-z0-9][a-z0-9_.-]{0,62}(=[^\x00]{0,256})?$"
TEXT_PATTERN = r"^[^\x00]*$"
"""PostgreSQL keeps no NUL in a text, and cannot be asked for one."""

_Name = Annotated[str, Field(pattern=NAME_PATTERN)]
_Text = Annotated[str, Field(max_length=128, pattern=TEXT_PATTERN)]
_UnixMs = Annotated[int, Field(ge=0, le=MAX_UNIX_MS)]


class EventQuery(BaseModel):
    """Which events are wanted; what is not given excludes nothing."""

    model_config = ConfigDict(extra="forbid")

    device: _Name | None = None
    site: _Name | None = None
    kind: Literal["detection", "wakeword", "system"] | None = None
    label: _Text | None = None
    track: _Text | None = None
    newest_of_track: bool = Field(
        default=False, description="Of the begin, updates and end of one object, only the newest."
    )
    since_ms: _UnixMs | None = None
    until_ms: _UnixMs | None = None
    limit: int = Field(default=50, ge=1, le=MAX_PAGE)
    cursor: str | None = Field(default=None, pattern=CURSOR_PATTERN, description="`next` of the page before.")

    def search(self, sites: frozenset[str] | None) -> EventSearch:
        """Return the search for one event more than the page holds: whether it is there tells of a following page.

        ``sites`` are those that whoever asks may see.
        """
        asked = self.model_dump(exclude={"cursor", "limit"})
        before_id = int(self.cursor) if self.cursor else None
        return EventSearch(**asked, sites=sites, before_id=before_id, limit=self.limit + 1)


class DeviceQuery(BaseModel):
    """Which devices are wanted; what is not given excludes nothing."""

    model_config = ConfigDict(extra="forbid")

    presence: Literal["online", "degraded", "offline", "unknown"] | None = None
    site: _Name | None = None
    group: _Name | None = None
    tag: list[Annotated[str, Field(pattern=TAG_PATTERN)]] = Field(
        default=[], max_length=16, description="`key` or `key=value`; a device must have all of them."
    )
    board: _Text | None = None
    agent_version: _Text | None = None
    text: _Text | None = Field(default=None, description="Looked for in id, name and note, whatever its case.")
    decommissioned: bool = Field(default=False, description="Those out of service instead of those in it.")
    limit: int = Field(default=50, ge=1, le=MAX_PAGE)
    cursor: str | None = Field(default=None, pattern=NAME_PATTERN, description="`next` of the page before.")

    def search(self, sites: frozenset[str] | None) -> DeviceSearch:
        """Return the search; ``sites`` are those that whoever asks may see."""
        tags = dict(_tag(one) for one in self.tag)
        return DeviceSearch(
            state=self.presence,
            site=self.site,
            sites=sites,
            group=self.group,
            tags=tags,
            board=self.board,
            agent_version=self.agent_version,
            text=self.text,
            is_decommissioned=self.decommissioned,
            after_id=self.cursor,
            limit=self.limit,
        )


def _tag(text: str) -> tuple[str, str | None]:
    key, is_given, value = text.partition("=")
    return key, value if is_given else None

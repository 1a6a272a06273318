"""What the API is asked for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from skerry_edge.contracts.topics import NAME_PATTERN
from skerry_server.registry.events import MAX_PAGE, EventSearch

MAX_UNIX_MS = 2**53
CURSOR_PATTERN = r"^[0-9]{1,18}$"

_Name = Annotated[str, Field(pattern=NAME_PATTERN)]
_Text = Annotated[str, Field(max_length=128)]
_UnixMs = Annotated[int, Field(ge=0, le=MAX_UNIX_MS)]


class EventQuery(BaseModel):
    """Which events are wanted; what is not given excludes nothing."""

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

    def search(self) -> EventSearch:
        """Return the search for one event more than the page holds: whether it is there tells of a following page."""
        asked = self.model_dump(exclude={"cursor", "limit"})
        return EventSearch(**asked, before_id=int(self.cursor) if self.cursor else None, limit=self.limit + 1)

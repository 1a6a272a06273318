"""What the routes stand on, and what they share: who asks, what belongs to them, where a page ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, TypeVar

from fastapi import Depends, Path, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict
from sqlalchemy.orm import Session

from skerry_edge.contracts.topics import NAME_PATTERN
from skerry_server.api.queries import CURSOR_PATTERN
from skerry_server.api.schemas import ErrorOut
from skerry_server.auth.doorkeeper import Doorkeeper
from skerry_server.auth.visitors import Visitor, visitor_of
from skerry_server.config.server import ServerConfig
from skerry_server.downlink.messages import Outgoing
from skerry_server.errors import NotFoundError
from skerry_server.health import Health
from skerry_server.registry.database import Database
from skerry_server.registry.events import MAX_PAGE
from skerry_server.registry.models import Device
from skerry_server.stores.archive import TimeSeriesStore

T = TypeVar("T")
MAX_ID = 2**53
"""As far as JSON's numbers are whole in every language."""

Asking = Annotated[Visitor, Depends(visitor_of)]
DeviceName = Annotated[str, Path(pattern=NAME_PATTERN)]
GroupName = Annotated[str, Path(pattern=NAME_PATTERN)]
RowNumber = Annotated[int, Path(ge=1, le=MAX_ID)]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]
Cursor = Annotated[str, Query(pattern=CURSOR_PATTERN, description="`next` of the page before.")]

Responses = dict[int | str, dict[str, Any]]


def answers(**descriptions: str) -> Responses:
    """Return refusals for a route's documentation: ``answers(_404="No such device.")``."""
    return {int(code[1:]): {"model": ErrorOut, "description": text} for code, text in descriptions.items()}


REFUSALS: Responses = answers(
    _400="The request cannot be read.",
    _401="Nobody has signed in.",
    _403="Whoever asks may not do this.",
    _413="The request is too large.",
    _422="The request is not as it should be.",
    _429="Too many requests; `Retry-After` says when to ask again.",
    _503="A database is away; `Retry-After` says when to ask again.",
)


class Downward(Protocol):
    """The way to the devices."""

    def wake(self) -> None:
        """Have what was just committed sent now."""
        ...

    def tell(self, notice: Outgoing) -> None:
        """Publish what no row stands for."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What the routes stand on."""

    database: Database
    store: TimeSeriesStore
    health: Health
    doorkeeper: Doorkeeper
    downlink: Downward
    config: ServerConfig


def _as_whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


AS_WHOLE = BeforeValidator(_as_whole)
"""For a whole number of a request's JSON, in which 5.0 is one as well (JSON Schema, 6.1.1)."""


class Wish(BaseModel):
    """Base of what requests carry: nothing is guessed, and no key is passed over."""

    model_config = ConfigDict(extra="forbid", strict=True)


def visible_device(session: Session, visitor: Visitor, device: str) -> Device:
    """Return a device that the visitor may see. Raises NotFoundError for any other, as if it were not there."""
    row = session.get(Device, device)
    if row is None or not visitor.principal.sees(row.site):
        raise NotFoundError("there is no such device", found=repr(device))
    return row


def before_id(cursor: str | None) -> int | None:
    """Return the id that a cursor stands for."""
    return None if cursor is None else int(cursor)


def cut(rows: Sequence[T], limit: int) -> tuple[Sequence[T], T | None]:
    """Return a page of the ``limit + 1`` rows that were asked for, and its last one where more follow."""
    page = rows[:limit]
    return page, page[-1] if len(rows) > limit else None

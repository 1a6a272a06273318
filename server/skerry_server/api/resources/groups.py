"""Groups: made, filled, emptied, removed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, StringConstraints

from skerry_edge.contracts.topics import NAME_PATTERN
from skerry_server.api.context import Asking, Context, DeviceName, GroupName, Wish, answers, visible_device
from skerry_server.api.queries import TEXT_PATTERN
from skerry_server.api.tagged import UNCHANGED, IfNoneMatch, tagged
from skerry_server.registry.checks import MAX_NOTE_CHARS
from skerry_server.registry.fleet.groups import (
    add_group,
    add_members,
    find_group,
    list_groups,
    remove_group,
    remove_members,
    visible_members,
)

MAX_DEVICES = 10_000
_NO_GROUP = answers(_404="No such group.")


class GroupIn(Wish):
    """A group's note."""

    note: Annotated[str, Field(max_length=MAX_NOTE_CHARS, pattern=TEXT_PATTERN)] | None = None


class MembersIn(Wish):
    """Devices to put into a group."""

    devices: list[Annotated[str, StringConstraints(pattern=NAME_PATTERN)]] = Field(min_length=1, max_length=MAX_DEVICES)


class GroupOut(BaseModel):
    """A group, and how many of its devices you may see."""

    name: str
    note: str | None
    created_ms: int
    devices: int


class GroupsOut(BaseModel):
    """All groups, by name."""

    groups: list[GroupOut]


class GroupDetailOut(BaseModel):
    """A group and its devices in service at your sites, by id."""

    name: str
    note: str | None
    created_ms: int
    devices: list[str]


class ChangedOut(BaseModel):
    """How many devices went in or out."""

    group: str
    changed: int


def add_groups(router: APIRouter, context: Context) -> None:
    """Add the routes of groups."""
    _add_members(router, context)

    @router.get("/groups", response_model=GroupsOut, responses=UNCHANGED)
    def groups(visitor: Asking, if_none_match: IfNoneMatch = None) -> Response:
        """All groups."""
        with context.database.reading() as session:
            found = list_groups(session, sites=visitor.principal.sites)
        shown = [GroupOut(name=row.name, note=row.note, created_ms=row.created_ms, devices=n) for row, n in found]
        return tagged(GroupsOut(groups=shown), if_none_match)

    @router.get("/groups/{group}", responses=_NO_GROUP)
    def group(group: GroupName, visitor: Asking) -> GroupDetailOut:
        """One group and its devices."""
        with context.database.reading() as session:
            row = find_group(session, group)
            devices = visible_members(session, group, sites=visitor.principal.sites)
        return GroupDetailOut(name=row.name, note=row.note, created_ms=row.created_ms, devices=devices)

    @router.put("/groups/{group}", status_code=201, responses=answers(_409="There is a group of this name already."))
    def make(group: GroupName, wish: GroupIn, visitor: Asking) -> GroupDetailOut:
        """Make an empty group."""
        with context.database.transaction() as session:
            add_group(session, context.doorkeeper.author(visitor), group, text=wish.note)
            row = find_group(session, group)
        return GroupDetailOut(name=row.name, note=row.note, created_ms=row.created_ms, devices=[])

    @router.delete("/groups/{group}", status_code=204, responses=_NO_GROUP)
    def remove(group: GroupName, visitor: Asking) -> None:
        """Remove a group, its stages and its silences; its devices stay."""
        with context.database.transaction() as session:
            remove_group(session, context.doorkeeper.author(visitor), group)


def _add_members(router: APIRouter, context: Context) -> None:
    no_device = answers(_404="No such group, or no such device at your sites.")

    @router.post("/groups/{group}/devices", responses=no_device)
    def put_in(group: GroupName, wish: MembersIn, visitor: Asking) -> ChangedOut:
        """Put devices into a group."""
        with context.database.transaction() as session:
            find_group(session, group)
            for device in wish.devices:
                visible_device(session, visitor, device)
            added = add_members(session, context.doorkeeper.author(visitor), group, wish.devices)
        return ChangedOut(group=group, changed=added)

    @router.delete("/groups/{group}/devices/{device}", responses=no_device)
    def take_out(group: GroupName, device: DeviceName, visitor: Asking) -> ChangedOut:
        """Take a device out of a group."""
        with context.database.transaction() as session:
            visible_device(session, visitor, device)
            removed = remove_members(session, context.doorkeeper.author(visitor), group, [device])
        return ChangedOut(group=group, changed=removed)

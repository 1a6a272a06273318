"""Devices: listed, looked at, described, moved, taken out of service, erased."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy.orm import Session

from skerry_edge.contracts.topics import NAME_PATTERN
from skerry_server.api.context import Asking, Context, DeviceName, Responses, Wish, answers, visible_device
from skerry_server.api.queries import TEXT_PATTERN, DeviceQuery
from skerry_server.api.read import device_detail_out, device_out
from skerry_server.api.schemas import DeviceDetailOut, DevicesOut
from skerry_server.api.tagged import UNCHANGED, IfNoneMatch, tagged
from skerry_server.auth.visitors import Visitor
from skerry_server.downlink.messages import no_desired_message
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.checks import MAX_NAME_CHARS, MAX_NOTE_CHARS, MAX_TAG_CHARS
from skerry_server.registry.erasure import erase_device
from skerry_server.registry.fleet.changes import (
    MAX_TAGS,
    decommission,
    describe_device,
    move_device,
    recommission,
    set_tags,
)
from skerry_server.registry.fleet.listing import find_devices
from skerry_server.registry.orders.desired import publish_again

NO_DEVICE: Responses = answers(_404="No such device at your sites.")
_Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$")]
_Value = Annotated[str, StringConstraints(max_length=MAX_TAG_CHARS, pattern=TEXT_PATTERN)]


class DeviceIn(Wish):
    """What is to be changed of a device; what is not given stays, and null takes away."""

    name: Annotated[str, Field(max_length=MAX_NAME_CHARS, pattern=TEXT_PATTERN)] | None = None
    note: Annotated[str, Field(max_length=MAX_NOTE_CHARS, pattern=TEXT_PATTERN)] | None = None
    tags: Annotated[dict[_Key, _Value], Field(max_length=MAX_TAGS)] = Field(
        default={},
        description="All tags that it is to have.",
        # Without it, the document would allow keys of any other form.
        json_schema_extra={"additionalProperties": False},
    )


class SiteIn(Wish):
    """The site that a device is to be bound to."""

    site: str = Field(pattern=NAME_PATTERN)


class ErasedOut(BaseModel):
    """What was deleted: rows by table."""

    device: str
    rows: dict[str, int]


def add_devices(router: APIRouter, context: Context) -> None:
    """Add the routes of devices."""
    _add_reading(router, context)
    _add_changes(router, context)

    @router.delete("/devices/{device}", responses=NO_DEVICE | answers(_409="The store cannot forget a device."))
    def erase(device: DeviceName, visitor: Asking) -> ErasedOut:
        """Delete everything that is known of a device, for good, but its id in the audit."""
        with context.database.reading() as session:
            site = visible_device(session, visitor, device).site
        # The store first: where it fails, the device is still there to be erased once more.
        context.store.erase({"device": device})
        erased = erase_device(context.database, context.doorkeeper.author(visitor), device)
        context.downlink.tell(no_desired_message(device, site=site))
        return ErasedOut(device=device, rows=erased.rows)


def _add_reading(router: APIRouter, context: Context) -> None:
    @router.get("/devices", response_model=DevicesOut, responses=UNCHANGED)
    def devices(query: Annotated[DeviceQuery, Query()], visitor: Asking, if_none_match: IfNoneMatch = None) -> Response:
        """Devices in service: there or not, why, last seen, models, temperature; by id."""
        with context.database.reading() as session:
            page = find_devices(session, query.search(visitor.principal.sites))
            shown = [device_out(*row) for row in page.devices]
        following = shown[-1].device if page.has_more else None
        return tagged(DevicesOut(devices=shown, next=following), if_none_match)

    @router.get("/devices/{device}", response_model=DeviceDetailOut, responses=NO_DEVICE | UNCHANGED)
    def device(device: DeviceName, visitor: Asking, if_none_match: IfNoneMatch = None) -> Response:
        """One device, with its tags and groups."""
        with context.database.reading() as session:
            found = device_detail_out(session, visible_device(session, visitor, device))
        return tagged(found, if_none_match)


def _add_changes(router: APIRouter, context: Context) -> None:
    @router.patch("/devices/{device}", responses=NO_DEVICE)
    def describe(device: DeviceName, wish: DeviceIn, visitor: Asking) -> DeviceDetailOut:
        """Give a device a name, a note, tags."""
        author, given = context.doorkeeper.author(visitor), wish.model_fields_set
        with context.database.transaction() as session:
            row = visible_device(session, visitor, device)
            if given & {"name", "note"}:
                name = wish.name if "name" in given else row.name
                note = wish.note if "note" in given else row.note
                describe_device(session, author, device, name=name, text=note)
            if "tags" in given:
                set_tags(session, author, device, wish.tags)
            return device_detail_out(session, row)

    @router.put("/devices/{device}/site", responses=NO_DEVICE)
    def move(device: DeviceName, wish: SiteIn, visitor: Asking) -> DeviceDetailOut:
        """Bind a device to another site; what it publishes under its former one is refused from now on."""
        with context.database.transaction() as session:
            row = visible_device(session, visitor, device)
            former = row.site
            move_device(session, context.doorkeeper.author(visitor), device, site=wish.site)
            if former != wish.site:
                publish_again(session, device)
            found = device_detail_out(session, row)
        if former != wish.site:
            context.downlink.tell(no_desired_message(device, site=former))
        return found

    @router.post("/devices/{device}/decommission", responses=NO_DEVICE)
    def take_out(device: DeviceName, visitor: Asking) -> DeviceDetailOut:
        """Take a device out of service: it leaves lists and alerts, and its past is kept."""
        return _change(context, visitor, device, decommission)

    @router.post("/devices/{device}/recommission", responses=NO_DEVICE)
    def put_back(device: DeviceName, visitor: Asking) -> DeviceDetailOut:
        """Put a device into service again."""
        return _change(context, visitor, device, recommission)


def _change(
    context: Context, visitor: Visitor, device: str, change: Callable[[Session, Author, str], None]
) -> DeviceDetailOut:
    with context.database.transaction() as session:
        row = visible_device(session, visitor, device)
        change(session, context.doorkeeper.author(visitor), device)
        return device_detail_out(session, row)

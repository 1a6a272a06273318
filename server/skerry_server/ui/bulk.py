"""What is done with many devices of the list, ticked or found: tags, groups, commands, desired states."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence

from nicegui import ui
from sqlalchemy.orm import Session

from skerry_edge.foundation.errors import ConfigError
from skerry_server.auth.table import OPERATOR
from skerry_server.auth.visitors import Visitor
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.fleet.changes import set_tags, tags_of
from skerry_server.registry.fleet.groups import add_group, add_members, list_groups
from skerry_server.registry.orders.commands import order_all
from skerry_server.registry.orders.stages import stage
from skerry_server.ui.asking import Field, ask
from skerry_server.ui.changing import Change, Changes, require_devices
from skerry_server.ui.orders import command_fields, desired_fields, read_command, read_desired
from skerry_server.ui.views.device_filter import tags_from

MAX_DEVICES = 10_000
"""Devices that one act changes, as in the API."""
Bulk = Callable[[Changes, Visitor, list[str]], Awaitable[None]]
_GROUP = Field(name="group", label="Group", hint="one that there is, or a new one")


async def tag(changes: Changes, visitor: Visitor, devices: list[str]) -> None:
    """Add tags to the devices; others that they have stay."""
    given = await ask(
        "Tag devices",
        f"These tags are given to {_many(devices)}; a value under the same key is replaced.",
        confirm="Tag",
        fields=[Field(name="tags", label="Tags", hint="key=value, key=value")],
    )
    if given is None:
        return

    tags = tags_from(given["tags"])
    if not tags:
        raise ConfigError("name at least one tag", todo="write key=value")

    def change(piece: Sequence[str]) -> Change:
        def tag_them(session: Session, author: Author) -> str:
            require_devices(session, visitor, piece)
            for device in piece:
                set_tags(session, author, device, tags_of(session, device) | tags)
            return "tagged"

        return tag_them

    await changes.make_in_pieces(devices, change, done=f"{_many(devices)} tagged", need=OPERATOR)


async def group(changes: Changes, visitor: Visitor, devices: list[str]) -> None:
    """Put the devices into a group."""
    given = await ask("Add to a group", f"It takes in {_many(devices)}.", confirm="Add", fields=[_GROUP])
    if given is None:
        return

    def change(session: Session, author: Author) -> str:
        added = _gather(session, author, visitor, given, devices)
        return f"the group '{given['group'].strip()}' has taken in {added} more"

    await changes.make(change, need=OPERATOR)


async def command(changes: Changes, visitor: Visitor, devices: list[str]) -> None:
    """Order the devices to do something."""
    given = await ask(
        "Send a command",
        f"It goes to {_many(devices)} at once; who cannot be reached gets it until it expires.",
        confirm="Send",
        fields=command_fields(),
    )
    if given is None:
        return

    def change(session: Session, author: Author) -> str:
        require_devices(session, visitor, devices)
        name, args, expires_ms = read_command(given, now_ms=author.ts_ms)
        ids = {device: uuid.uuid4().hex for device in devices}
        subject = devices[0] if len(devices) == 1 else f"{len(devices)} devices"
        order_all(session, author, ids, name, subject=subject, args=args, expires_ms=expires_ms)
        return f"'{name}' was ordered of {_many(devices)}"

    await changes.make(change, need=OPERATOR)


async def prepare(changes: Changes, visitor: Visitor, devices: list[str]) -> None:
    """Stage a desired state for a group that the devices are put into."""
    given = await ask(
        "Stage a desired state",
        f"The group takes in {_many(devices)}, and the state is prepared for all that are in it. Nothing is sent "
        "until it is applied under Groups.",
        confirm="Stage",
        fields=[_GROUP, *desired_fields({}, {})],
    )
    if given is None:
        return

    def change(session: Session, author: Author) -> str:
        config, models = read_desired(given)
        _gather(session, author, visitor, given, devices)
        row = stage(session, author, given["group"].strip(), config=config, models=models)
        return f"stage {row.id} is prepared for the group '{row.group}'"

    await changes.make(change, need=OPERATOR)


_ACTS: Mapping[str, Bulk] = {"tag": tag, "group": group, "command": command, "stage": prepare}


async def act_on(act: str, changes: Changes, visitor: Visitor, devices: list[str]) -> None:
    """Do what a button of the list stands for with ``devices``."""
    if act not in _ACTS:
        return
    if not devices:
        ui.notify("Tick at least one device first, or all that are found", type="warning")
        return
    await _ACTS[act](changes, visitor, devices)


def _gather(session: Session, author: Author, visitor: Visitor, given: Mapping[str, str], devices: list[str]) -> int:
    """Put the devices into the group that was named, made by whoever has all sites where it is new."""
    require_devices(session, visitor, devices)
    name = given["group"].strip()
    if visitor.principal.sites is None and name not in {row.name for row, _ in list_groups(session)}:
        add_group(session, author, name)
    return add_members(session, author, name, devices)


def _many(devices: list[str]) -> str:
    return f"'{devices[0]}'" if len(devices) == 1 else f"{len(devices):,} devices"

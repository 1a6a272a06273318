"""What can be done with one device: each act asks first, and goes through the registry's own functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy.orm import Session

from skerry_server.api.context import Context, visible_device
from skerry_server.auth.table import OPERATOR
from skerry_server.auth.visitors import Visitor
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.fleet.changes import decommission, describe_device, recommission, set_tags, tags_of
from skerry_server.registry.models import Device
from skerry_server.registry.orders.commands import order
from skerry_server.registry.orders.desired import newest_desired, put_desired
from skerry_server.ui.asking import Field, ask
from skerry_server.ui.changing import Changes
from skerry_server.ui.orders import command_fields, desired_fields, read_command, read_desired
from skerry_server.ui.threads import PAGES
from skerry_server.ui.views.device_filter import tags_from

T = TypeVar("T")


class DeviceActs:
    """The acts of one open page."""

    def __init__(self, context: Context, visitor: Visitor, changes: Changes, device: str) -> None:
        self._context = context
        self._visitor = visitor
        self._changes = changes
        self._device = device

    async def act(self, act: str) -> None:
        """Do what a button stands for."""
        match act:
            case "command":
                await self._command(command_fields())
            case "logs":
                await self._command(command_fields("logs"))
            case "desire":
                await self._desire()
            case "tags":
                await self._tag()
            case "describe":
                await self._describe()
            case "service":
                await self._service()
            case _:
                return

    async def _command(self, fields: Sequence[Field]) -> None:
        text = f"'{self._device}' gets it as soon as it can. Its answer appears under Commands and logs."
        given = await ask("Send a command", text, confirm="Send", fields=fields)
        if given is None:
            return

        def change(session: Session, author: Author) -> str:
            visible_device(session, self._visitor, self._device)
            name, args, expires_ms = read_command(given, now_ms=author.ts_ms)
            order(session, author, self._device, name, args=args, expires_ms=expires_ms)
            return f"'{name}' was ordered"

        await self._changes.make(change, need=OPERATOR)

    async def _desire(self) -> None:
        newest = await PAGES.run(self._read, lambda session, _: newest_desired(session, self._device))
        fields = desired_fields(newest.config, newest.models) if newest is not None else desired_fields({}, {})
        text = "The next version. It is whole: what it does not name is as the device's own file has it."
        given = await ask("Configure the device", text, confirm="Send", fields=fields, is_grave=True)
        if given is None:
            return
        seen = newest.version if newest is not None else 0

        def change(session: Session, author: Author) -> str:
            visible_device(session, self._visitor, self._device)
            config, models = read_desired(given)
            row = put_desired(session, author, self._device, config=config, models=models, from_version=seen)
            return f"version {row.version} is on its way"

        await self._changes.make(change, need=OPERATOR)

    async def _tag(self) -> None:
        tags = await PAGES.run(self._read, lambda session, _: tags_of(session, self._device))
        now = ", ".join(f"{key}={value}" for key, value in tags.items())
        fields = [Field(name="tags", label="Tags", value=now, hint="key=value, key=value")]
        given = await ask("Tags", "The device has these tags and no others.", confirm="Save", fields=fields)
        if given is None:
            return

        def change(session: Session, author: Author) -> str:
            visible_device(session, self._visitor, self._device)
            set_tags(session, author, self._device, tags_from(given["tags"]))
            return "The tags are saved"

        await self._changes.make(change, need=OPERATOR)

    async def _describe(self) -> None:
        row = await PAGES.run(self._read, lambda _, row: row)
        fields = [
            Field(name="name", label="Name", value=row.name or ""),
            Field(name="note", label="Note", kind="text", value=row.note or ""),
        ]
        given = await ask(
            "Name and note", "For people; the device does not learn of it.", confirm="Save", fields=fields
        )
        if given is None:
            return

        def change(session: Session, author: Author) -> str:
            visible_device(session, self._visitor, self._device)
            describe_device(session, author, self._device, name=given["name"].strip(), text=given["note"])
            return "Name and note are saved"

        await self._changes.make(change, need=OPERATOR)

    async def _service(self) -> None:
        is_out = (await PAGES.run(self._read, lambda _, row: row)).decommissioned_ms is not None
        what = "Put into service" if is_out else "Take out of service"
        text = "It is in lists and alerts again." if is_out else "It leaves lists and alerts; its past is kept."
        if await ask(what, text, confirm=what, is_grave=not is_out) is None:
            return

        def change(session: Session, author: Author) -> str:
            visible_device(session, self._visitor, self._device)
            (recommission if is_out else decommission)(session, author, self._device)
            return "In service" if is_out else "Out of service"

        await self._changes.make(change, need=OPERATOR)

    def _read(self, what: Callable[[Session, Device], T]) -> T:
        with self._context.database.reading() as session:
            return what(session, visible_device(session, self._visitor, self._device))

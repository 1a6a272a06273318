"""Commands: ordered of a device or of a group, looked at with what the device answered."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Path, Query, Response
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy.orm import Session

from skerry_edge.contracts.topics import ID_PATTERN, NAME_PATTERN
from skerry_server.api.context import (
    AS_WHOLE,
    Asking,
    Context,
    DeviceName,
    GroupName,
    Limit,
    Wish,
    answers,
    cut,
    visible_device,
)
from skerry_server.api.queries import TEXT_PATTERN
from skerry_server.auth.visitors import Visitor
from skerry_server.errors import ConflictError
from skerry_server.health import now_ms
from skerry_server.registry.fleet.groups import visible_members
from skerry_server.registry.models import CommandRow
from skerry_server.registry.orders.commands import commands_of, get_command, list_commands, order_all

MAX_EXPIRY_S = 7 * 86_400
CURSOR_PATTERN = r"^[0-9]{1,16}-[A-Za-z0-9_-]{1,64}$"
_Argument = Annotated[str, StringConstraints(max_length=128, pattern=TEXT_PATTERN)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        pattern=r"^[A-Za-z0-9_.:-]{1,128}$",
        description="A request that comes again with the same key orders nothing new, and is answered as before.",
    ),
]
_CREATED: dict[int | str, dict[str, object]] = {200: {"description": "It was ordered before, with the same key."}}


class CommandIn(Wish):
    """What is ordered, and for how long it is worth anything."""

    name: Literal["rebirth", "snapshot", "logs", "restart", "ping", "mute", "unmute"]
    args: Annotated[dict[_Argument, _Argument], Field(max_length=16)] = Field(
        default={},
        description="`pipeline` for snapshot, restart, mute and unmute; `minutes` for mute; `lines` for logs.",
    )
    expires_s: Annotated[int, AS_WHOLE] = Field(
        default=300, ge=1, le=MAX_EXPIRY_S, description="After so long the device refuses it."
    )


class CommandOut(BaseModel):
    """A command and how it ended, which is unknown while ``ok`` is null."""

    id: str
    device: str
    name: str
    args: dict[str, str]
    author: str
    ts_ms: int = Field(description="When it was ordered.")
    expires_ms: int
    sent_ms: int | None = Field(description="When the broker took it.")
    state: Literal["waiting", "sent", "done", "failed", "expired"]
    ok: bool | None
    message: str | None = Field(description="What the device said.")
    output: dict[str, str] | None
    answered_ms: int | None = Field(description="When the answer came.")


class CommandsOut(BaseModel):
    """One page of commands, newest first; ``next`` is the cursor of the following page, if there is one."""

    commands: list[CommandOut]
    next: str | None


class GroupCommandsOut(BaseModel):
    """One command for each device of a group."""

    commands: list[CommandOut]


def add_commands(router: APIRouter, context: Context) -> None:
    """Add the routes of commands."""
    _add_orders(router, context)

    @router.get("/commands")
    def commands(
        visitor: Asking,
        limit: Limit = 50,
        cursor: Annotated[str | None, Query(pattern=CURSOR_PATTERN)] = None,
        device: Annotated[str | None, Query(pattern=NAME_PATTERN)] = None,
    ) -> CommandsOut:
        """Commands, newest first."""
        before: tuple[int, str] | None = None
        if cursor is not None:
            ts_ms, _, command = cursor.partition("-")
            before = int(ts_ms), command
        sites = visitor.principal.sites
        with context.database.reading() as session:
            rows = list_commands(session, limit=limit + 1, device=device, sites=sites, before=before)
        page, last = cut(rows, limit)
        return CommandsOut(commands=_shown(page), next=f"{last.ts_ms}-{last.id}" if last else None)

    @router.get("/commands/{command}", responses=answers(_404="No such command to a device at your sites."))
    def command(command: Annotated[str, Path(pattern=ID_PATTERN)], visitor: Asking) -> CommandOut:
        """One command, and what the device answered."""
        with context.database.reading() as session:
            row = get_command(session, command)
            visible_device(session, visitor, row.device)
        return command_out(row, now_ms=now_ms())


def _add_orders(router: APIRouter, context: Context) -> None:
    refusals = answers(_404="No such device or group at your sites.", _409="The key was used for something else.")

    @router.post("/devices/{device}/commands", status_code=201, responses=_CREATED | refusals)
    def order(
        device: DeviceName, wish: CommandIn, visitor: Asking, response: Response, idempotency_key: IdempotencyKey = None
    ) -> CommandOut:
        """Order a device to do something; it is sent at once, or when the device connects, until it expires."""
        with context.database.transaction() as session:
            visible_device(session, visitor, device)
            rows, is_new = _order(session, context, visitor, wish, device, [device], idempotency_key)
        _answer(context, response, is_new=is_new)
        return command_out(rows[0], now_ms=now_ms())

    @router.post("/groups/{group}/commands", status_code=201, responses=_CREATED | refusals)
    def order_of_group(
        group: GroupName, wish: CommandIn, visitor: Asking, response: Response, idempotency_key: IdempotencyKey = None
    ) -> GroupCommandsOut:
        """Order every device of a group, at your sites and in service, to do something."""
        with context.database.transaction() as session:
            devices = visible_members(session, group, sites=visitor.principal.sites)
            rows, is_new = _order(session, context, visitor, wish, group, devices, idempotency_key)
        _answer(context, response, is_new=is_new)
        return GroupCommandsOut(commands=_shown(rows))


def _order(
    session: Session,
    context: Context,
    visitor: Visitor,
    wish: CommandIn,
    subject: str,
    devices: Sequence[str],
    key: str | None,
) -> tuple[Sequence[CommandRow], bool]:
    """Return the commands, and whether they are new."""
    author = context.doorkeeper.author(visitor)
    ids = command_ids(devices, user=author.name, subject=subject, key=key or uuid.uuid4().hex)
    earlier = commands_of(session, ids.values()) if key is not None else []
    if earlier:
        if any((row.name, row.args) != (wish.name, wish.args) for row in earlier):
            raise ConflictError("this key was used for another command", where="header 'idempotency-key'", found=key)
        return earlier, False
    expires_ms = author.ts_ms + wish.expires_s * 1000
    rows = order_all(session, author, ids, wish.name, subject=subject, args=wish.args, expires_ms=expires_ms)
    return rows, True


def command_ids(devices: Sequence[str], *, user: str, subject: str, key: str) -> Mapping[str, str]:
    """Return the id of each device's command: the same for the same key, so that the second is known as the first."""
    # No name of a user, device or group holds a line end, so each part ends where it should.
    return {
        device: hashlib.sha256(f"{user}\n{subject}\n{device}\n{key}".encode()).hexdigest()[:32] for device in devices
    }


def command_out(row: CommandRow, *, now_ms: int) -> CommandOut:
    """Return a command."""
    return CommandOut(
        id=row.id,
        device=row.device,
        name=row.name,
        args=row.args,
        author=row.author,
        ts_ms=row.ts_ms,
        expires_ms=row.expires_ms,
        sent_ms=row.sent_ms,
        state=_state(row, now_ms),
        ok=row.ok,
        message=row.message,
        output=row.output,
        answered_ms=row.result_received_ms,
    )


def _state(row: CommandRow, now_ms: int) -> Literal["waiting", "sent", "done", "failed", "expired"]:
    if row.ok is not None:
        return "done" if row.ok else "failed"
    if row.expires_ms <= now_ms:
        return "expired"
    return "waiting" if row.sent_ms is None else "sent"


def _shown(rows: Sequence[CommandRow]) -> list[CommandOut]:
    now = now_ms()
    return [command_out(row, now_ms=now) for row in rows]


def _answer(context: Context, response: Response, *, is_new: bool) -> None:
    if is_new:
        context.downlink.wake()
    else:
        response.status_code = 200

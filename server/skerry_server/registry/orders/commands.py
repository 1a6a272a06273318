"""Commands in the registry: ordered by people, sent once or again, and how each of them ended."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import get_args, get_type_hints

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from skerry_edge.contracts.messages import Command, CommandResult
from skerry_edge.foundation.errors import ConfigError
from skerry_server.errors import NotFoundError
from skerry_server.registry.audit.trail import Author, note
from skerry_server.registry.checks import check_choice, check_json
from skerry_server.registry.chunks import chunks
from skerry_server.registry.database import affected
from skerry_server.registry.fleet.changes import lock_devices
from skerry_server.registry.models import CommandRow, Device
from skerry_server.registry.text import storable

NAMES: tuple[str, ...] = get_args(get_type_hints(Command)["name"])
MAX_ARGS_BYTES = 4096


def order(
    session: Session, author: Author, device: str, name: str, *, args: Mapping[str, str], expires_ms: int
) -> CommandRow:
    """Order ``device`` to do something until ``expires_ms``; to be published. Raises ConfigError and NotFoundError."""
    (row,) = order_all(
        session, author, {device: uuid.uuid4().hex}, name, subject=device, args=args, expires_ms=expires_ms
    )
    return row


def order_all(
    session: Session,
    author: Author,
    ids: Mapping[str, str],
    name: str,
    *,
    subject: str,
    args: Mapping[str, str],
    expires_ms: int,
) -> list[CommandRow]:
    """Order many devices to do the same; ``ids`` gives each its command's id, ``subject`` is what the audit names.

    Raises ConfigError and NotFoundError.
    """
    check_choice(name, NAMES, where="the command")
    check_json(args, where="the command's arguments", max_bytes=MAX_ARGS_BYTES)
    if expires_ms <= author.ts_ms:
        raise ConfigError("the command would have expired already", where="expires_ms", found=f"{expires_ms}")
    lock_devices(session, ids)
    rows = [
        CommandRow(
            id=command_id,
            device=device,
            name=name,
            args=dict(args),
            ts_ms=author.ts_ms,
            expires_ms=expires_ms,
            author=author.name,
        )
        for device, command_id in ids.items()
    ]
    session.add_all(rows)
    session.flush()
    told = {"commands": dict(ids)} if len(rows) != 1 else {"command": rows[0].id}
    note(session, author, f"command.{name}", subject, {**told, "args": args})
    return rows


def commands_of(session: Session, ids: Collection[str]) -> list[CommandRow]:
    """Return those of the commands with these ids that there are, in the order of their devices."""
    found: list[CommandRow] = []
    for piece in chunks(ids):
        found += session.scalars(select(CommandRow).where(CommandRow.id.in_(piece)))
    return sorted(found, key=lambda row: row.device)


def unsent(session: Session, *, now_ms: int, limit: int) -> list[CommandRow]:
    """Return at most ``limit`` commands that have yet to be published and are still worth it, oldest first."""
    query = select(CommandRow).where(CommandRow.sent_ms.is_(None), CommandRow.expires_ms > now_ms)
    return list(session.scalars(query.order_by(CommandRow.ts_ms, CommandRow.id).limit(limit)))


def mark_sent(session: Session, command_id: str, *, now_ms: int) -> None:
    """Note that a command was published."""
    session.execute(update(CommandRow).where(CommandRow.id == command_id).values(sent_ms=now_ms))


def sites_of(session: Session, commands: Sequence[CommandRow]) -> dict[str, str]:
    """Return the site of each command's device, by the device."""
    devices = {row.device for row in commands}
    return {row.id: row.site for row in session.execute(select(Device.id, Device.site).where(Device.id.in_(devices)))}


def save_result(session: Session, device: str, result: CommandResult, *, received_ms: int) -> bool:
    """Note how a command ended, and tell whether that was news.

    It is none where ``device`` answered before, was not the one that was asked, or nobody asked.
    """
    waits = (CommandRow.id == result.command) & (CommandRow.device == device) & CommandRow.ok.is_(None)
    done = session.execute(
        update(CommandRow)
        .where(waits)
        .values(
            ok=result.ok,
            message=storable(result.message),
            output={storable(key): storable(value) for key, value in result.output.items()},
            session=result.session,
            seq=result.seq,
            result_received_ms=received_ms,
        )
    )
    return affected(done) == 1


def get_command(session: Session, command_id: str) -> CommandRow:
    """Return a command. Raises NotFoundError."""
    row = session.get(CommandRow, command_id)
    if row is None:
        raise NotFoundError("there is no such command", found=repr(command_id))
    return row


def list_commands(
    session: Session,
    *,
    limit: int,
    device: str | None = None,
    sites: frozenset[str] | None = None,
    before: tuple[int, str] | None = None,
) -> list[CommandRow]:
    """Return at most ``limit`` commands, newest first; ``before`` is (ts_ms, id) of the last one of a page.

    With ``sites``, only those to devices there.
    """
    query = select(CommandRow).order_by(CommandRow.ts_ms.desc(), CommandRow.id.desc()).limit(limit)
    if device is not None:
        query = query.where(CommandRow.device == device)
    if sites is not None:
        query = query.join(Device, Device.id == CommandRow.device).where(Device.site.in_(sites))
    if before is not None:
        ts_ms, command_id = before
        is_same_time = (CommandRow.ts_ms == ts_ms) & (CommandRow.id < command_id)
        query = query.where((CommandRow.ts_ms < ts_ms) | is_same_time)
    return list(session.scalars(query))

"""What people change about a device: its site, its name and note, its tags, and whether it is in service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from skerry_edge.foundation.errors import ConfigError
from skerry_server.errors import NotFoundError
from skerry_server.registry.audit.trail import Author, note
from skerry_server.registry.bindings import MOVE
from skerry_server.registry.checks import (
    MAX_NAME_CHARS,
    MAX_NOTE_CHARS,
    MAX_TAG_CHARS,
    check_key,
    check_name,
    check_optional_text,
    check_text,
)
from skerry_server.registry.chunks import chunks
from skerry_server.registry.models import Device, DeviceTagRow

MAX_TAGS = 64


def get_device(session: Session, device: str) -> Device:
    """Return the row of ``device``, locked until the transaction ends. Raises NotFoundError."""
    row = session.scalar(select(Device).where(Device.id == device).with_for_update())
    if row is None:
        raise NotFoundError("there is no such device", found=repr(device))
    return row


def lock_devices(session: Session, devices: Iterable[str]) -> None:
    """Lock the rows of ``devices`` until the transaction ends. Raises NotFoundError for the first that is not there."""
    for piece in chunks(sorted(set(devices))):
        # In one order, so that two people with the same devices wait for each other instead of both.
        query = select(Device.id).where(Device.id.in_(piece)).order_by(Device.id).with_for_update()
        unknown = set(piece).difference(session.scalars(query))
        if unknown:
            raise NotFoundError("there is no such device", found=repr(min(unknown)))


def move_device(session: Session, author: Author, device: str, *, site: str) -> None:
    """Bind ``device`` to another site; what it publishes under its former one is refused from now on.

    Workers learn of it within about a second. What it sent until then stays with the former site, where it happened.
    Raises ConfigError and NotFoundError.
    """
    check_name(site, where="the site")
    row = get_device(session, device)
    if row.site == site:
        return
    former, row.site = row.site, site
    session.flush()
    note(session, author, MOVE, device, {"from": former, "to": site})


def describe_device(session: Session, author: Author, device: str, *, name: str | None, text: str | None) -> None:
    """Give ``device`` a name and a note for people; None takes them away. Raises ConfigError and NotFoundError."""
    name = check_optional_text(name, where="the device's name", max_chars=MAX_NAME_CHARS)
    text = check_optional_text(text, where="the device's note", max_chars=MAX_NOTE_CHARS)
    row = get_device(session, device)
    row.name, row.note = name, text
    session.flush()
    note(session, author, "device.describe", device, {"name": name, "note": text})


def decommission(session: Session, author: Author, device: str) -> None:
    """Take ``device`` out of service: it leaves lists and alerts, and its past is kept. Raises NotFoundError."""
    row = get_device(session, device)
    if row.decommissioned_ms is None:
        row.decommissioned_ms = author.ts_ms
        session.flush()
        note(session, author, "device.decommission", device, {})


def recommission(session: Session, author: Author, device: str) -> None:
    """Put ``device`` into service again. Raises NotFoundError."""
    row = get_device(session, device)
    if row.decommissioned_ms is not None:
        row.decommissioned_ms = None
        session.flush()
        note(session, author, "device.recommission", device, {})


def set_tags(session: Session, author: Author, device: str, tags: Mapping[str, str]) -> None:
    """Give ``device`` these tags and no others. Raises ConfigError and NotFoundError."""
    if len(tags) > MAX_TAGS:
        raise ConfigError(f"a device has at most {MAX_TAGS} tags", where="the tags", found=f"{len(tags)}")
    for key, value in tags.items():
        check_key(key, where="the tags")
        check_text(value, where=f"the tag '{key}'", max_chars=MAX_TAG_CHARS)
    get_device(session, device)
    session.execute(delete(DeviceTagRow).where(DeviceTagRow.device == device))
    session.add_all(DeviceTagRow(device=device, key=key, value=value) for key, value in tags.items())
    session.flush()
    note(session, author, "device.tags", device, {"tags": dict(tags)})


def tags_of(session: Session, device: str) -> dict[str, str]:
    """Return the tags of ``device`` in the order of their keys."""
    query = select(DeviceTagRow).where(DeviceTagRow.device == device).order_by(DeviceTagRow.key)
    return {row.key: row.value for row in session.scalars(query)}

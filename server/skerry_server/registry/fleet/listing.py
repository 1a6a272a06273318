"""The list of devices: filtered, page by page in the order of their names, quick for a hundred thousand of them.

A page goes on after the last name of the one before, so that the thousandth costs what the first does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from skerry_server.registry.models import Device, DeviceTagRow, GroupMemberRow, PresenceRow

NEVER_HEARD = "unknown"
"""The state of a device that has no presence yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceSearch:
    """Which devices are wanted; an empty field asks for nothing.

    ``sites`` are those that whoever asks may see. ``text`` is looked for in id, name and note, whatever its case.
    ``tags`` must all be there; a value of None stands for any. ``after_id`` goes on after a page.
    """

    state: str | None = None
    site: str | None = None
    sites: frozenset[str] | None = None
    group: str | None = None
    tags: Mapping[str, str | None] = field(default_factory=dict)
    board: str | None = None
    agent_version: str | None = None
    text: str | None = None
    is_decommissioned: bool = False
    after_id: str | None = None
    limit: int = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class DevicePage:
    """Devices with their presence, and whether more follow."""

    devices: list[tuple[Device, PresenceRow | None]]
    has_more: bool


def find_devices(session: Session, wanted: DeviceSearch) -> DevicePage:
    """Return at most ``wanted.limit`` devices in the order of their ids."""
    query, is_same = select(Device, PresenceRow), PresenceRow.device == Device.id
    if wanted.after_id is not None:
        query = query.where(Device.id > wanted.after_id)
        # It follows from the rest, and without it PostgreSQL reads all presence before the page.
        is_same &= PresenceRow.device > wanted.after_id
    query = query.outerjoin(PresenceRow, is_same)
    query = query.where(*_conditions(wanted)).order_by(Device.id).limit(wanted.limit + 1)
    rows: list[tuple[Device, PresenceRow | None]] = [(row[0], row[1]) for row in session.execute(query)]
    return DevicePage(devices=rows[: wanted.limit], has_more=len(rows) > wanted.limit)


def find_ids(session: Session, wanted: DeviceSearch, *, limit: int) -> list[str]:
    """Return the first ``limit`` devices of all pages together, by id."""
    query = select(Device.id).outerjoin(PresenceRow, PresenceRow.device == Device.id).where(*_conditions(wanted))
    return list(session.scalars(query.order_by(Device.id).limit(limit)))


def count_found(session: Session, wanted: DeviceSearch) -> int:
    """Return how many devices all pages together have."""
    query = select(func.count()).select_from(Device).outerjoin(PresenceRow, PresenceRow.device == Device.id)
    return session.scalar(query.where(*_conditions(wanted))) or 0


def _conditions(wanted: DeviceSearch) -> list[ColumnElement[bool]]:
    is_out = Device.decommissioned_ms.is_not(None)
    conditions: list[ColumnElement[bool]] = [is_out if wanted.is_decommissioned else ~is_out]
    conditions += [
        column == value
        for column, value in (
            (Device.site, wanted.site),
            (Device.board, wanted.board),
            (Device.agent_version, wanted.agent_version),
        )
        if value is not None
    ]
    if wanted.sites is not None:
        conditions.append(Device.site.in_(wanted.sites))
    if wanted.state is not None:
        is_never_heard = wanted.state == NEVER_HEARD
        conditions.append(PresenceRow.state.is_(None) if is_never_heard else PresenceRow.state == wanted.state)
    if wanted.group is not None:
        conditions.append(exists().where(GroupMemberRow.device == Device.id, GroupMemberRow.group == wanted.group))
    conditions += [_has_tag(key, value) for key, value in wanted.tags.items()]
    if wanted.text:
        columns = (Device.id, Device.name, Device.note)
        conditions.append(or_(*(column.icontains(wanted.text, autoescape=True) for column in columns)))
    return conditions


def _has_tag(key: str, value: str | None) -> ColumnElement[bool]:
    has_tag = exists().where(DeviceTagRow.device == Device.id, DeviceTagRow.key == key)
    return has_tag if value is None else has_tag.where(DeviceTagRow.value == value)

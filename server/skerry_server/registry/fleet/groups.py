"""Groups of devices: made, filled, emptied and removed by people."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, delete, exists, func, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from skerry_server.errors import ConflictError, NotFoundError
from skerry_server.registry.audit.trail import Author, note
from skerry_server.registry.checks import MAX_NOTE_CHARS, check_name, check_optional_text
from skerry_server.registry.chunks import chunks
from skerry_server.registry.database import insert_new
from skerry_server.registry.fleet.changes import lock_devices
from skerry_server.registry.models import DesiredStageRow, Device, GroupMemberRow, GroupRow, SilenceRow, table_of


def add_group(session: Session, author: Author, name: str, *, text: str | None = None) -> None:
    """Make an empty group. Raises ConfigError, and ConflictError where the name is taken."""
    check_name(name, where="the group's name")
    text = check_optional_text(text, where="the group's note", max_chars=MAX_NOTE_CHARS)
    row = {"name": name, "note": text, "created_ms": author.ts_ms}
    if not insert_new(session, table_of(GroupRow), [row]):
        raise ConflictError("there is a group of this name already", found=repr(name))
    note(session, author, "group.add", name, {"note": text})


def remove_group(session: Session, author: Author, name: str) -> None:
    """Remove a group, its stages and its silences; its devices stay. Raises NotFoundError."""
    get_group(session, name)
    members = members_of(session, name)
    for table, column in (
        (GroupMemberRow, GroupMemberRow.group),
        (DesiredStageRow, DesiredStageRow.group),
        (SilenceRow, SilenceRow.group),
        (GroupRow, GroupRow.name),
    ):
        session.execute(delete(table).where(column == name))
    note(session, author, "group.remove", name, {"devices": members})


def add_members(session: Session, author: Author, group: str, devices: Collection[str]) -> int:
    """Put ``devices`` into a group and return how many are new in it. Raises NotFoundError."""
    get_group(session, group)
    lock_devices(session, devices)
    rows = [{"group": group, "device": device} for device in sorted(set(devices))]
    added = insert_new(session, table_of(GroupMemberRow), rows)
    if added:
        note(session, author, "group.add-devices", group, {"devices": sorted(set(devices))})
    return added


def remove_members(session: Session, author: Author, group: str, devices: Collection[str]) -> int:
    """Take ``devices`` out of a group and return how many were in it. Raises NotFoundError."""
    get_group(session, group)
    removed = sorted(set(devices) & set(members_of(session, group)))
    for piece in chunks(removed):
        inside = (GroupMemberRow.group == group) & GroupMemberRow.device.in_(piece)
        session.execute(delete(GroupMemberRow).where(inside))
    if removed:
        note(session, author, "group.remove-devices", group, {"devices": removed})
    return len(removed)


def get_group(session: Session, name: str) -> GroupRow:
    """Return a group, locked until the transaction ends. Raises NotFoundError."""
    row = session.scalar(select(GroupRow).where(GroupRow.name == name).with_for_update())
    if row is None:
        raise NotFoundError("there is no such group", found=repr(name))
    return row


def find_group(session: Session, name: str) -> GroupRow:
    """Return a group to look at. Raises NotFoundError."""
    row = session.get(GroupRow, name)
    if row is None:
        raise NotFoundError("there is no such group", found=repr(name))
    return row


def visible_members(session: Session, group: str, *, sites: frozenset[str] | None) -> list[str]:
    """Return the devices of a group that are in service, at ``sites`` if given, by id. Raises NotFoundError."""
    find_group(session, group)
    query = select(Device.id).join(GroupMemberRow, GroupMemberRow.device == Device.id)
    query = query.where(GroupMemberRow.group == group, Device.decommissioned_ms.is_(None)).order_by(Device.id)
    return list(session.scalars(query if sites is None else query.where(Device.site.in_(sites))))


def members_of(session: Session, group: str) -> list[str]:
    """Return the devices of a group in the order of their names."""
    query = select(GroupMemberRow.device).where(GroupMemberRow.group == group).order_by(GroupMemberRow.device)
    return list(session.scalars(query))


def is_whole_at(sites: frozenset[str] | None, group: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Return the condition that a group has devices, and all of them at ``sites``; always true where these are None."""
    if sites is None:
        return true()
    of_group = (GroupMemberRow.group == group, GroupMemberRow.device == Device.id)
    return and_(exists().where(*of_group), ~exists().where(*of_group, Device.site.not_in(sites)))


def groups_of(session: Session, device: str) -> list[str]:
    """Return the groups that ``device`` is in, in the order of their names."""
    query = select(GroupMemberRow.group).where(GroupMemberRow.device == device).order_by(GroupMemberRow.group)
    return list(session.scalars(query))


def list_groups(session: Session, *, sites: frozenset[str] | None = None) -> list[tuple[GroupRow, int]]:
    """Return all groups in the order of their names, each with the number of its devices, at ``sites`` if given."""
    is_member = GroupMemberRow.group == GroupRow.name
    if sites is not None:
        is_member &= GroupMemberRow.device.in_(select(Device.id).where(Device.site.in_(sites)))
    number = func.count(GroupMemberRow.device)
    query = select(GroupRow, number).outerjoin(GroupMemberRow, is_member)
    return [(row[0], row[1]) for row in session.execute(query.group_by(GroupRow.name).order_by(GroupRow.name))]

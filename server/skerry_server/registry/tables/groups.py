"""Groups and tags of devices."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from skerry_server.registry.tables.base import Base


class GroupRow(Base):
    """A set of devices that people chose, to configure, silence or update them together."""

    __tablename__ = "groups"

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    note: Mapped[str | None] = mapped_column(Text)
    created_ms: Mapped[int] = mapped_column(BigInteger)


class GroupMemberRow(Base):
    """A device in a group; it may be in many."""

    __tablename__ = "group_members"

    group: Mapped[str] = mapped_column(ForeignKey("groups.name"), primary_key=True)
    device: Mapped[str] = mapped_column(ForeignKey("devices.id"), primary_key=True, index=True)


class DeviceTagRow(Base):
    """One value that people gave a device under a key."""

    __tablename__ = "device_tags"
    __table_args__ = (Index("ix_device_tags_key_value_device", "key", "value", "device"),)

    device: Mapped[str] = mapped_column(ForeignKey("devices.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(63), primary_key=True)
    value: Mapped[str] = mapped_column(String(256))

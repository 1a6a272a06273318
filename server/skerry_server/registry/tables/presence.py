"""Presence: how it is now, how it was, and how far off the clock of a session is."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from skerry_server.registry.tables.base import Base, RowId


class PresenceRow(Base):
    """Whether a device is there; ``facts`` are those that only decisions about presence need.

    Together the columns are ``skerry_server.presence.Presence``.
    """

    __tablename__ = "presence"

    device: Mapped[str] = mapped_column(ForeignKey("devices.id"), primary_key=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    reason: Mapped[str | None] = mapped_column(Text)
    since_ms: Mapped[int] = mapped_column(BigInteger)
    session: Mapped[str] = mapped_column(String(32))
    seq: Mapped[int] = mapped_column(BigInteger)
    ts_ms: Mapped[int] = mapped_column(BigInteger)
    is_synced: Mapped[bool]
    facts: Mapped[bytes | None] = mapped_column(LargeBinary)


class PresenceIntervalRow(Base):
    """A stretch of time in one state; the one that lasts has no ``ended_ms``, and each device has at most one."""

    __tablename__ = "presence_intervals"
    __table_args__ = (
        Index("ix_presence_intervals_device_began_ms", "device", "began_ms"),
        Index(
            "ux_presence_intervals_open",
            "device",
            unique=True,
            sqlite_where=text("ended_ms IS NULL"),
            postgresql_where=text("ended_ms IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    device: Mapped[str] = mapped_column(ForeignKey("devices.id"))
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)
    session: Mapped[str] = mapped_column(String(32))
    began_ms: Mapped[int] = mapped_column(BigInteger)
    ended_ms: Mapped[int | None] = mapped_column(BigInteger, index=True)


class SessionClockRow(Base):
    """What is added to a device's times in one session from the message ``from_seq`` on, until a later row's.

    Decided by its first live message whose clock was off, for all of the session, and again where one proves it wrong.

    Apart for what it says while its ``clock`` is not synchronised and when it is, since a clock is set in a session.
    """

    __tablename__ = "session_clocks"

    device: Mapped[str] = mapped_column(ForeignKey("devices.id"), primary_key=True)
    session: Mapped[str] = mapped_column(String(32), primary_key=True)
    clock: Mapped[str] = mapped_column(String(16), primary_key=True)
    from_seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    offset_ms: Mapped[int] = mapped_column(BigInteger)
    decided_ms: Mapped[int] = mapped_column(BigInteger, index=True)

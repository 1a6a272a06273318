"""The registry's tables. Times are Unix milliseconds; a name that ends in ``received_ms`` is the server's clock."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# SQLite counts rows up only in a column of type INTEGER, PostgreSQL wants BIGINT for as many.
RowId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """Base of all tables."""


def table_of(model: type[Base]) -> Table:
    """Return the table behind a model, for statements that the ORM has no form for."""
    return Base.metadata.tables[model.__tablename__]


class Device(Base):
    """A device, bound to the site under which it was first heard, with the vitals of its newest heartbeat."""

    __tablename__ = "devices"

    id: Mapped[str] = mapped_column(String(63), primary_key=True)
    site: Mapped[str] = mapped_column(String(63), index=True)
    first_received_ms: Mapped[int] = mapped_column(BigInteger)
    last_received_ms: Mapped[int | None] = mapped_column(BigInteger)
    board: Mapped[str | None] = mapped_column(String(128))
    agent_version: Mapped[str | None] = mapped_column(String(128))
    models: Mapped[list[str]] = mapped_column(JSON, default=list)
    uptime_s: Mapped[float | None]
    cpu_percent: Mapped[float | None]
    temperature_c: Mapped[float | None]
    throttled: Mapped[bool | None]
    outbox_depth: Mapped[int | None] = mapped_column(BigInteger)
    outbox_dropped: Mapped[int | None] = mapped_column(BigInteger)
    undervoltage: Mapped[bool | None]
    # As it came, for whoever asks for this one device; lists of all do without.
    heartbeat: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)


class PresenceRow(Base):
    """Whether a device is there; the columns are those of ``skerry_server.presence.Presence``."""

    __tablename__ = "presence"

    device: Mapped[str] = mapped_column(ForeignKey("devices.id"), primary_key=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    reason: Mapped[str | None] = mapped_column(Text)
    since_ms: Mapped[int] = mapped_column(BigInteger)
    session: Mapped[str] = mapped_column(String(32))
    seq: Mapped[int] = mapped_column(BigInteger)
    ts_ms: Mapped[int] = mapped_column(BigInteger)
    is_synced: Mapped[bool]


class EventRow(Base):
    """Something a device saw, heard or reported; ``id`` rises in the order of arrival.

    The events of one object that lasts have the same ``track``; ``before`` is what the event before told of it.
    """

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("device", "session", "seq"),
        Index("ix_events_device_id", "device", "id"),
        Index("ix_events_kind_label_id", "kind", "label", "id"),
        Index("ix_events_device_track_id", "device", "track", "id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    message_id: Mapped[str] = mapped_column(String(64))
    device: Mapped[str] = mapped_column(ForeignKey("devices.id"))
    site: Mapped[str] = mapped_column(String(63))
    session: Mapped[str] = mapped_column(String(32))
    seq: Mapped[int] = mapped_column(BigInteger)
    ts_ms: Mapped[int] = mapped_column(BigInteger, index=True)
    received_ms: Mapped[int] = mapped_column(BigInteger, index=True)
    is_synced: Mapped[bool]
    replayed: Mapped[bool]
    kind: Mapped[str] = mapped_column(String(16))
    label: Mapped[str] = mapped_column(String(128))
    pipeline: Mapped[str] = mapped_column(String(128))
    phase: Mapped[str] = mapped_column(String(16))
    score: Mapped[float | None]
    box: Mapped[list[float] | None] = mapped_column(JSON)
    model: Mapped[str | None] = mapped_column(String(128))
    model_version: Mapped[str | None] = mapped_column(String(128))
    latency_ms: Mapped[float | None]
    message: Mapped[str | None] = mapped_column(Text)
    track: Mapped[str | None] = mapped_column(String(128))
    began_ms: Mapped[int | None] = mapped_column(BigInteger)
    zones: Mapped[list[str] | None] = mapped_column(JSON)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class ReportRow(Base):
    """What else a device sends, as it came: its applied state, the result of a command, a snapshot.

    ``item`` is the command or event it belongs to, empty for the state, of which only the newest is kept.
    """

    __tablename__ = "reports"

    device: Mapped[str] = mapped_column(ForeignKey("devices.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    item: Mapped[str] = mapped_column(String(64), primary_key=True)
    session: Mapped[str | None] = mapped_column(String(32))
    seq: Mapped[int | None] = mapped_column(BigInteger)
    received_ms: Mapped[int] = mapped_column(BigInteger)
    payload: Mapped[bytes] = mapped_column(LargeBinary)


class DeadLetterRow(Base):
    """A refused message; the same topic and payload again only raises ``times``.

    ``payload`` holds the first bytes of the ``payload_bytes`` that came.
    """

    __tablename__ = "dead_letters"

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    topic: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(String(32), index=True)
    detail: Mapped[str] = mapped_column(Text)
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    payload_bytes: Mapped[int] = mapped_column(BigInteger)
    times: Mapped[int] = mapped_column(BigInteger)
    first_received_ms: Mapped[int] = mapped_column(BigInteger)
    last_received_ms: Mapped[int] = mapped_column(BigInteger)

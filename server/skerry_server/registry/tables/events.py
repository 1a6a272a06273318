"""Events."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from skerry_server.registry.tables.base import Base, RowId


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

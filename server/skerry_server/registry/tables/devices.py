"""Devices."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from skerry_server.registry.tables.base import Base


class Device(Base):
    """A device, bound to the site under which it was first heard, with the vitals of its newest heartbeat.

    ``name`` and ``note`` are people's; one with ``decommissioned_ms`` is out of service, and its past is kept.
    """

    __tablename__ = "devices"
    # Only what changes seldom is indexed: a heartbeat writes this row, and PostgreSQL then need not touch an index.
    __table_args__ = (Index("ix_devices_board", "board"), Index("ix_devices_agent_version", "agent_version"))

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
    heartbeat_interval_s: Mapped[float | None]
    name: Mapped[str | None] = mapped_column(String(128))
    note: Mapped[str | None] = mapped_column(Text)
    decommissioned_ms: Mapped[int | None] = mapped_column(BigInteger)
    # As it came, for whoever asks for this one device; lists of all do without.
    heartbeat: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)

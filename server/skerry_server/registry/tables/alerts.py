"""Alerts, and the silences that keep them from being told."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from skerry_server.registry.tables.base import Base, RowId


def _open(name: str, *columns: str, where: str) -> Index:
    """Return a unique index over the alerts that last and fulfil ``where``."""
    condition = text(f"ended_ms IS NULL AND {where}")
    return Index(name, *columns, unique=True, sqlite_where=condition, postgresql_where=condition)


class AlertRow(Base):
    """A rule that holds or held: ``firing``, ``acknowledged`` or ``resolved``.

    ``device`` is empty for what is about the fleet or the server; ``subject`` is what of it the rule is about, such as
    a pipeline, empty for the whole. Of the same rule, device and subject at most one lasts.
    """

    __tablename__ = "alerts"
    # Two indexes, because two empty devices are not equal to each other in SQL.
    __table_args__ = (
        Index("ix_alerts_device_id", "device", "id"),
        Index("ix_alerts_state_id", "state", "id"),
        _open("ux_alerts_open_of_device", "rule", "device", "subject", where="device IS NOT NULL"),
        _open("ux_alerts_open_of_fleet", "rule", "subject", where="device IS NULL"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    rule: Mapped[str] = mapped_column(String(63))
    device: Mapped[str | None] = mapped_column(ForeignKey("devices.id"))
    subject: Mapped[str] = mapped_column(String(256))
    severity: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    began_ms: Mapped[int] = mapped_column(BigInteger)
    ended_ms: Mapped[int | None] = mapped_column(BigInteger, index=True)
    value: Mapped[float | None]
    detail: Mapped[str] = mapped_column(Text)
    acknowledged_by: Mapped[str | None] = mapped_column(String(128))
    acknowledged_ms: Mapped[int | None] = mapped_column(BigInteger)
    notified_ms: Mapped[int | None] = mapped_column(BigInteger)


class SilenceRow(Base):
    """Alerts that nobody wants to hear of until ``until_ms``; an empty rule, device or group stands for all."""

    __tablename__ = "silences"

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    rule: Mapped[str | None] = mapped_column(String(63))
    device: Mapped[str | None] = mapped_column(ForeignKey("devices.id"))
    group: Mapped[str | None] = mapped_column(ForeignKey("groups.name"))
    created_ms: Mapped[int] = mapped_column(BigInteger)
    until_ms: Mapped[int] = mapped_column(BigInteger, index=True)
    author: Mapped[str] = mapped_column(String(128))
    comment: Mapped[str] = mapped_column(Text)

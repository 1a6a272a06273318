"""Rollouts, and how each of their devices does."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from skerry_server.registry.tables.base import Base, RowId

_IS_OPEN = text("state IN ('running', 'paused', 'rolling-back')")


class RolloutRow(Base):
    """A release on its way to a fleet; ``state`` is a word of skerry_server.rollouts.states.

    Of the same kind and name at most one is open. ``reason`` and ``detail`` say why it stands as it does.
    ``heard_since_ms`` and ``heard_ms``: since and until when the server has heard what devices answer; ``unwatched_ms``
    is for how long it did not since the last order, while no device was under way.
    """

    __tablename__ = "rollouts"
    __table_args__ = (
        Index("ix_rollouts_state", "state"),
        Index("ux_rollouts_open", "kind", "name", unique=True, sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(63))
    version: Mapped[str] = mapped_column(String(64))
    counter: Mapped[int] = mapped_column(BigInteger)
    spec: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(16))
    stage: Mapped[int] = mapped_column(Integer)
    stages: Mapped[int] = mapped_column(Integer)
    author: Mapped[str] = mapped_column(String(128))
    created_ms: Mapped[int] = mapped_column(BigInteger)
    approved_by: Mapped[str | None] = mapped_column(String(128))
    approved_ms: Mapped[int | None] = mapped_column(BigInteger)
    started_ms: Mapped[int | None] = mapped_column(BigInteger)
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str | None] = mapped_column(String(48))
    detail: Mapped[str | None] = mapped_column(Text)
    excused_ms: Mapped[int | None] = mapped_column(BigInteger)
    excused_stage: Mapped[int | None] = mapped_column(Integer)
    heard_since_ms: Mapped[int | None] = mapped_column(BigInteger)
    heard_ms: Mapped[int | None] = mapped_column(BigInteger)
    unwatched_ms: Mapped[int | None] = mapped_column(BigInteger)


class RolloutDeviceRow(Base):
    """A device of a rollout; ``state`` is a word of skerry_server.rollouts.states, ``phase`` the device's own.

    ``order_id`` is that of the newest order, forward or back; ``session`` and ``seq`` are those of the newest answer to
    it. ``crashes`` is where the device's counters stood when it had taken the release, ``unsound_ms`` when they were
    seen to have risen, or it had been silent. ``history`` tells what happened, oldest first.
    """

    __tablename__ = "rollout_devices"
    __table_args__ = (
        Index("ix_rollout_devices_order_id", "order_id"),
        Index("ix_rollout_devices_device", "device"),
        Index("ix_rollout_devices_rollout_state", "rollout", "state"),
    )

    rollout: Mapped[int] = mapped_column(ForeignKey("rollouts.id"), primary_key=True, autoincrement=False)
    device: Mapped[str] = mapped_column(ForeignKey("devices.id"), primary_key=True)
    stage: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(16))
    from_version: Mapped[str | None] = mapped_column(String(128))
    order_id: Mapped[str | None] = mapped_column(String(64))
    attempts: Mapped[int] = mapped_column(Integer)
    has_begun: Mapped[bool]
    ordered_ms: Mapped[int | None] = mapped_column(BigInteger)
    deadline_ms: Mapped[int | None] = mapped_column(BigInteger)
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)
    phase: Mapped[str | None] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(48))
    detail: Mapped[str | None] = mapped_column(Text)
    progress_bytes: Mapped[int | None] = mapped_column(BigInteger)
    total_bytes: Mapped[int | None] = mapped_column(BigInteger)
    session: Mapped[str | None] = mapped_column(String(32))
    seq: Mapped[int | None] = mapped_column(BigInteger)
    crashes: Mapped[int | None] = mapped_column(BigInteger)
    unsound_ms: Mapped[int | None] = mapped_column(BigInteger)
    history: Mapped[list[dict[str, Any]]] = mapped_column(JSON)

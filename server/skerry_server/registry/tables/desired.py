"""Desired state: what devices are to run, version by version, and what is staged for a group."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from skerry_server.registry.tables.base import Base, RowId


class DesiredRow(Base):
    """One version of what a device is to run; the highest holds. Without ``published_ms`` it has yet to be sent.

    ``updates`` are the update orders of the contract by what they are about; rollouts write them, people the rest.
    """

    __tablename__ = "desired"
    __table_args__ = (
        Index(
            "ix_desired_unpublished",
            "ts_ms",
            sqlite_where=text("published_ms IS NULL"),
            postgresql_where=text("published_ms IS NULL"),
        ),
    )

    device: Mapped[str] = mapped_column(ForeignKey("devices.id"), primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    ts_ms: Mapped[int] = mapped_column(BigInteger)
    config: Mapped[dict[str, Any]] = mapped_column(JSON)
    models: Mapped[dict[str, str]] = mapped_column(JSON)
    updates: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default=text("'{}'"))
    author: Mapped[str] = mapped_column(String(128))
    published_ms: Mapped[int | None] = mapped_column(BigInteger)


class DesiredStageRow(Base):
    """What is prepared for a group: ``staged`` until it is ``applied`` to its members or ``discarded``."""

    __tablename__ = "desired_stages"

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    group: Mapped[str] = mapped_column(ForeignKey("groups.name"), index=True)
    config: Mapped[dict[str, Any]] = mapped_column(JSON)
    models: Mapped[dict[str, str]] = mapped_column(JSON)
    author: Mapped[str] = mapped_column(String(128))
    state: Mapped[str] = mapped_column(String(16))
    ts_ms: Mapped[int] = mapped_column(BigInteger)
    decided_by: Mapped[str | None] = mapped_column(String(128))
    decided_ms: Mapped[int | None] = mapped_column(BigInteger)

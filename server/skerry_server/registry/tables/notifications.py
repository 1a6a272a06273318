"""Notifications on their way to people."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from skerry_server.registry.tables.base import Base, RowId


class NotificationRow(Base):
    """A message that a channel is to bring; the row is deleted when it has, or when it is given up.

    ``due_ms`` is when it is tried next; whoever tries it moves that on first, so that no other process does as well.
    """

    __tablename__ = "notifications"

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    channel: Mapped[str] = mapped_column(String(63))
    severity: Mapped[str] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    created_ms: Mapped[int] = mapped_column(BigInteger)
    due_ms: Mapped[int] = mapped_column(BigInteger, index=True)
    attempts: Mapped[int] = mapped_column(Integer)
    error: Mapped[str | None] = mapped_column(Text)

"""Commands to devices, and how they ended."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from skerry_server.registry.tables.base import Base


class CommandRow(Base):
    """One order; without ``sent_ms`` it has yet to be published, without ``ok`` the device has not answered.

    ``session`` and ``seq`` are those of the result, so that one that comes twice is known.
    """

    __tablename__ = "commands"
    __table_args__ = (
        Index("ix_commands_device_ts_ms", "device", "ts_ms"),
        Index(
            "ix_commands_unsent",
            "ts_ms",
            sqlite_where=text("sent_ms IS NULL"),
            postgresql_where=text("sent_ms IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    device: Mapped[str] = mapped_column(ForeignKey("devices.id"))
    name: Mapped[str] = mapped_column(String(32))
    args: Mapped[dict[str, str]] = mapped_column(JSON)
    ts_ms: Mapped[int] = mapped_column(BigInteger, index=True)
    expires_ms: Mapped[int] = mapped_column(BigInteger)
    author: Mapped[str] = mapped_column(String(128))
    sent_ms: Mapped[int | None] = mapped_column(BigInteger)
    ok: Mapped[bool | None]
    message: Mapped[str | None] = mapped_column(Text)
    output: Mapped[dict[str, str] | None] = mapped_column(JSON)
    session: Mapped[str | None] = mapped_column(String(32))
    seq: Mapped[int | None] = mapped_column(BigInteger)
    result_received_ms: Mapped[int | None] = mapped_column(BigInteger)

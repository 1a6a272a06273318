"""What devices report beside heartbeats and events."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from skerry_server.registry.tables.base import Base


class ReportRow(Base):
    """What else a device sends, as it came: its applied state, the result of a command, a snapshot.

    ``item`` is the command or event it belongs to, empty for the state, of which only the newest is kept.
    """

    __tablename__ = "reports"
    __table_args__ = (Index("ix_reports_kind_received_ms", "kind", "received_ms"),)

    device: Mapped[str] = mapped_column(ForeignKey("devices.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    item: Mapped[str] = mapped_column(String(64), primary_key=True)
    session: Mapped[str | None] = mapped_column(String(32))
    seq: Mapped[int | None] = mapped_column(BigInteger)
    received_ms: Mapped[int] = mapped_column(BigInteger)
    payload: Mapped[bytes] = mapped_column(LargeBinary)

"""Dead letters."""

from __future__ import annotations

from sqlalchemy import BigInteger, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from skerry_server.registry.tables.base import Base, RowId


class DeadLetterRow(Base):
    """A refused message; the same topic and payload again only raises ``times``.

    ``payload`` holds the first bytes of the ``payload_bytes`` that came; only where it holds all of them can the letter
    be replayed. ``replayed_ms`` is when that was last done without its being refused.
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
    last_received_ms: Mapped[int] = mapped_column(BigInteger, index=True)
    is_retained: Mapped[bool | None]
    replayed_ms: Mapped[int | None] = mapped_column(BigInteger)

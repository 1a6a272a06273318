"""What ingest workers tell of themselves."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from skerry_server.registry.tables.base import Base


class WorkerHealthRow(Base):
    """How a worker was at ``seen_ms``, on the database's clock; it has gone when the worker ended as it was told to."""

    __tablename__ = "worker_health"

    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    seen_ms: Mapped[int] = mapped_column(BigInteger)
    report: Mapped[dict[str, Any]] = mapped_column(JSON)

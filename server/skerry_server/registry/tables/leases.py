"""Leases: which process does a job that only one may do."""

from __future__ import annotations

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from skerry_server.registry.tables.base import Base


class LeaseRow(Base):
    """A job, and who does it until ``until_ms``."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    holder: Mapped[str] = mapped_column(String(128))
    until_ms: Mapped[int] = mapped_column(BigInteger)

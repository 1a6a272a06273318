"""Offsets of a session's clock that a later message proved too large."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
_KEPT = "device, session, clock, offset_ms, decided_ms"


def upgrade() -> None:
    """Let an offset hold from a message on; those that there are hold for their whole session."""
    # SQLite cannot change a primary key, so the table is made anew.
    op.create_table(
        "session_clock_steps",
        sa.Column("device", sa.String(length=63), nullable=False),
        sa.Column("session", sa.String(length=32), nullable=False),
        sa.Column("clock", sa.String(length=16), nullable=False),
        sa.Column("from_seq", sa.BigInteger(), nullable=False),
        sa.Column("offset_ms", sa.BigInteger(), nullable=False),
        sa.Column("decided_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device"], ["devices.id"]),
        sa.PrimaryKeyConstraint("device", "session", "clock", "from_seq"),
    )
    op.execute(f"INSERT INTO session_clock_steps ({_KEPT}, from_seq) SELECT {_KEPT}, 0 FROM session_clocks")  # noqa: S608  # the names above
    op.drop_table("session_clocks")
    op.rename_table("session_clock_steps", "session_clocks")
    op.create_index("ix_session_clocks_decided_ms", "session_clocks", ["decided_ms"])

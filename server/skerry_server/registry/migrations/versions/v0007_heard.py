"""Since when, and until when, the server heard what the devices of a rollout answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add both times; of rollouts that there are, nothing is known yet."""
    op.add_column("rollouts", sa.Column("heard_since_ms", sa.BigInteger(), nullable=True))
    op.add_column("rollouts", sa.Column("heard_ms", sa.BigInteger(), nullable=True))

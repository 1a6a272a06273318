"""For how long the server did not hear while a stage of a rollout was watched."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add that time; of rollouts that there are, none is known."""
    op.add_column("rollouts", sa.Column("unwatched_ms", sa.BigInteger(), nullable=True))

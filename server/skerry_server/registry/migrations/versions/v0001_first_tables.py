"""The tables as they were when they were made without migrations; where they are there already, what they lack."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

METADATA = sa.MetaData()
sa.Table(
    "dead_letters",
    METADATA,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
    sa.Column("digest", sa.String(length=64), nullable=False),
    sa.Column("topic", sa.Text(), nullable=False),
    sa.Column("reason", sa.String(length=32), nullable=False),
    sa.Column("detail", sa.Text(), nullable=False),
    sa.Column("payload", sa.LargeBinary(), nullable=False),
    sa.Column("payload_bytes", sa.BigInteger(), nullable=False),
    sa.Column("times", sa.BigInteger(), nullable=False),
    sa.Column("first_received_ms", sa.BigInteger(), nullable=False),
    sa.Column("last_received_ms", sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint("id"),
    sa.UniqueConstraint("digest"),
    sa.Index("ix_dead_letters_reason", "reason"),
)
sa.Table(
    "devices",
    METADATA,
    sa.Column("id", sa.String(length=63), nullable=False),
    sa.Column("site", sa.String(length=63), nullable=False),
    sa.Column("first_received_ms", sa.BigInteger(), nullable=False),
    sa.Column("last_received_ms", sa.BigInteger(), nullable=True),
    sa.Column("board", sa.String(length=128), nullable=True),
    sa.Column("agent_version", sa.String(length=128), nullable=True),
    sa.Column("models", sa.JSON(), nullable=False),
    sa.Column("uptime_s", sa.Double(), nullable=True),
    sa.Column("cpu_percent", sa.Double(), nullable=True),
    sa.Column("temperature_c", sa.Double(), nullable=True),
    sa.Column("throttled", sa.Boolean(), nullable=True),
    sa.Column("outbox_depth", sa.BigInteger(), nullable=True),
    sa.Column("outbox_dropped", sa.BigInteger(), nullable=True),
    sa.Column("undervoltage", sa.Boolean(), nullable=True),
    sa.Column("heartbeat", sa.LargeBinary(), nullable=True),
    sa.PrimaryKeyConstraint("id"),
    sa.Index("ix_devices_site", "site"),
)
sa.Table(
    "events",
    METADATA,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
    sa.Column("message_id", sa.String(length=64), nullable=False),
    sa.Column("device", sa.String(length=63), nullable=False),
    sa.Column("site", sa.String(length=63), nullable=False),
    sa.Column("session", sa.String(length=32), nullable=False),
    sa.Column("seq", sa.BigInteger(), nullable=False),
    sa.Column("ts_ms", sa.BigInteger(), nullable=False),
    sa.Column("received_ms", sa.BigInteger(), nullable=False),
    sa.Column("is_synced", sa.Boolean(), nullable=False),
    sa.Column("replayed", sa.Boolean(), nullable=False),
    sa.Column("kind", sa.String(length=16), nullable=False),
    sa.Column("label", sa.String(length=128), nullable=False),
    sa.Column("pipeline", sa.String(length=128), nullable=False),
    sa.Column("phase", sa.String(length=16), nullable=False),
    sa.Column("score", sa.Double(), nullable=True),
    sa.Column("box", sa.JSON(), nullable=True),
    sa.Column("model", sa.String(length=128), nullable=True),
    sa.Column("model_version", sa.String(length=128), nullable=True),
    sa.Column("latency_ms", sa.Double(), nullable=True),
    sa.Column("message", sa.Text(), nullable=True),
    sa.Column("track", sa.String(length=128), nullable=True),
    sa.Column("began_ms", sa.BigInteger(), nullable=True),
    sa.Column("zones", sa.JSON(), nullable=True),
    sa.Column("before", sa.JSON(), nullable=True),
    sa.ForeignKeyConstraint(["device"], ["devices.id"]),
    sa.PrimaryKeyConstraint("id"),
    sa.UniqueConstraint("device", "session", "seq"),
    sa.Index("ix_events_device_id", "device", "id"),
    sa.Index("ix_events_device_track_id", "device", "track", "id"),
    sa.Index("ix_events_kind_label_id", "kind", "label", "id"),
    sa.Index("ix_events_received_ms", "received_ms"),
    sa.Index("ix_events_ts_ms", "ts_ms"),
)
sa.Table(
    "presence",
    METADATA,
    sa.Column("device", sa.String(length=63), nullable=False),
    sa.Column("state", sa.String(length=16), nullable=False),
    sa.Column("reason", sa.Text(), nullable=True),
    sa.Column("since_ms", sa.BigInteger(), nullable=False),
    sa.Column("session", sa.String(length=32), nullable=False),
    sa.Column("seq", sa.BigInteger(), nullable=False),
    sa.Column("ts_ms", sa.BigInteger(), nullable=False),
    sa.Column("is_synced", sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(["device"], ["devices.id"]),
    sa.PrimaryKeyConstraint("device"),
    sa.Index("ix_presence_state", "state"),
)
sa.Table(
    "reports",
    METADATA,
    sa.Column("device", sa.String(length=63), nullable=False),
    sa.Column("kind", sa.String(length=16), nullable=False),
    sa.Column("item", sa.String(length=64), nullable=False),
    sa.Column("session", sa.String(length=32), nullable=True),
    sa.Column("seq", sa.BigInteger(), nullable=True),
    sa.Column("received_ms", sa.BigInteger(), nullable=False),
    sa.Column("payload", sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(["device"], ["devices.id"]),
    sa.PrimaryKeyConstraint("device", "kind", "item"),
)


def upgrade() -> None:
    """Make each table, or bring it up to what the last version without migrations made."""
    connection = op.get_bind()
    METADATA.create_all(connection)
    known = sa.inspect(connection)
    for table in METADATA.sorted_tables:
        names = {column["name"] for column in known.get_columns(table.name)}
        for column in table.columns:
            if column.name not in names:
                # Whatever was added before there were migrations may be empty, so that old rows need nothing.
                op.add_column(table.name, sa.Column(column.name, column.type))
        for index in table.indexes:
            index.create(connection, checkfirst=True)

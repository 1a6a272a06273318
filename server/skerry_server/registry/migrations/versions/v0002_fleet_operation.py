"""Groups, desired state, commands, alerts, people, audit, the history of presence, leases."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add every table and column of the fleet's operation."""
    _add_audit()
    _add_groups()
    _add_desired()
    _add_commands()
    _add_alerts()
    _add_people()
    _add_presence()
    _add_leases()
    _add_earlier_tables()


def _add_audit() -> None:
    """Add the audit, and its head where the chain begins."""
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ts_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=256), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_audit_subject", "audit", ["subject"])
    op.create_index("ix_audit_ts_ms", "audit", ["ts_ms"])
    op.create_table(
        "audit_head",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("newest_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute(sa.text("INSERT INTO audit_head (id, newest_id, hash) VALUES (1, 0, :none)").bindparams(none="0" * 64))


def _add_groups() -> None:
    """Add groups and tags."""
    op.create_table(
        "groups",
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "group_members",
        sa.Column("group", sa.String(length=63), nullable=False),
        sa.Column("device", sa.String(length=63), nullable=False),
        sa.ForeignKeyConstraint(["device"], ["devices.id"]),
        sa.ForeignKeyConstraint(["group"], ["groups.name"]),
        sa.PrimaryKeyConstraint("group", "device"),
    )
    op.create_index("ix_group_members_device", "group_members", ["device"])
    op.create_table(
        "device_tags",
        sa.Column("device", sa.String(length=63), nullable=False),
        sa.Column("key", sa.String(length=63), nullable=False),
        sa.Column("value", sa.String(length=256), nullable=False),
        sa.ForeignKeyConstraint(["device"], ["devices.id"]),
        sa.PrimaryKeyConstraint("device", "key"),
    )
    op.create_index("ix_device_tags_key_value_device", "device_tags", ["key", "value", "device"])


def _add_desired() -> None:
    """Add desired state."""
    op.create_table(
        "desired",
        sa.Column("device", sa.String(length=63), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ts_ms", sa.BigInteger(), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("models", sa.JSON(), nullable=False),
        sa.Column("author", sa.String(length=128), nullable=False),
        sa.Column("published_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["device"], ["devices.id"]),
        sa.PrimaryKeyConstraint("device", "version"),
    )
    op.create_index("ix_desired_unpublished", "desired", ["ts_ms"], **_where("published_ms IS NULL"))
    op.create_table(
        "desired_stages",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("group", sa.String(length=63), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("models", sa.JSON(), nullable=False),
        sa.Column("author", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("ts_ms", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(length=128), nullable=True),
        sa.Column("decided_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["group"], ["groups.name"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_desired_stages_group", "desired_stages", ["group"])


def _add_commands() -> None:
    """Add commands."""
    op.create_table(
        "commands",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("args", sa.JSON(), nullable=False),
        sa.Column("ts_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(length=128), nullable=False),
        sa.Column("sent_ms", sa.BigInteger(), nullable=True),
        sa.Column("ok", sa.Boolean(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("output", sa.JSON(), nullable=True),
        sa.Column("session", sa.String(length=32), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("result_received_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["device"], ["devices.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_commands_device_ts_ms", "commands", ["device", "ts_ms"])
    op.create_index("ix_commands_ts_ms", "commands", ["ts_ms"])
    op.create_index("ix_commands_unsent", "commands", ["ts_ms"], **_where("sent_ms IS NULL"))


def _add_alerts() -> None:
    """Add alerts and silences."""
    op.create_table(
        "alerts",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("rule", sa.String(length=63), nullable=False),
        sa.Column("device", sa.String(length=63), nullable=True),
        sa.Column("subject", sa.String(length=256), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("began_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("acknowledged_by", sa.String(length=128), nullable=True),
        sa.Column("acknowledged_ms", sa.BigInteger(), nullable=True),
        sa.Column("notified_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["device"], ["devices.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_alerts_device_id", "alerts", ["device", "id"])
    op.create_index("ix_alerts_ended_ms", "alerts", ["ended_ms"])
    op.create_index("ix_alerts_state_id", "alerts", ["state", "id"])
    op.create_index(
        "ux_alerts_open_of_device",
        "alerts",
        ["rule", "device", "subject"],
        unique=True,
        **_where("ended_ms IS NULL AND device IS NOT NULL"),
    )
    op.create_index(
        "ux_alerts_open_of_fleet",
        "alerts",
        ["rule", "subject"],
        unique=True,
        **_where("ended_ms IS NULL AND device IS NULL"),
    )
    op.create_table(
        "silences",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("rule", sa.String(length=63), nullable=True),
        sa.Column("device", sa.String(length=63), nullable=True),
        sa.Column("group", sa.String(length=63), nullable=True),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(length=128), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["device"], ["devices.id"]),
        sa.ForeignKeyConstraint(["group"], ["groups.name"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_silences_until_ms", "silences", ["until_ms"])


def _add_people() -> None:
    """Add users and what they sign in with."""
    op.create_table(
        "users",
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("password_hash", sa.String(length=256), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("sites", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "tokens",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("user", sa.String(length=63), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("sites", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=True),
        sa.Column("last_used_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user"], ["users.name"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("hash"),
    )
    op.create_index("ix_tokens_user", "tokens", ["user"])
    op.create_table(
        "web_sessions",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("user", sa.String(length=63), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_used_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.name"]),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_index("ix_web_sessions_expires_ms", "web_sessions", ["expires_ms"])
    op.create_index("ix_web_sessions_user", "web_sessions", ["user"])


def _add_presence() -> None:
    """Add the history of presence, in which what holds now is the first."""
    op.create_table(
        "presence_intervals",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("device", sa.String(length=63), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("session", sa.String(length=32), nullable=False),
        sa.Column("began_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["device"], ["devices.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_presence_intervals_device_began_ms", "presence_intervals", ["device", "began_ms"])
    op.create_index("ix_presence_intervals_ended_ms", "presence_intervals", ["ended_ms"])
    op.create_index(
        "ux_presence_intervals_open", "presence_intervals", ["device"], unique=True, **_where("ended_ms IS NULL")
    )
    op.create_table(
        "session_clocks",
        sa.Column("device", sa.String(length=63), nullable=False),
        sa.Column("session", sa.String(length=32), nullable=False),
        sa.Column("clock", sa.String(length=16), nullable=False),
        sa.Column("offset_ms", sa.BigInteger(), nullable=False),
        sa.Column("decided_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device"], ["devices.id"]),
        sa.PrimaryKeyConstraint("device", "session", "clock"),
    )
    op.create_index("ix_session_clocks_decided_ms", "session_clocks", ["decided_ms"])
    op.execute(
        "INSERT INTO presence_intervals (device, state, reason, session, began_ms) "
        "SELECT device, state, reason, session, since_ms FROM presence"
    )


def _add_leases() -> None:
    """Add leases."""
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("holder", sa.String(length=128), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _add_earlier_tables() -> None:
    """Add what the first tables lack."""
    op.add_column("devices", sa.Column("name", sa.String(length=128), nullable=True))
    op.add_column("devices", sa.Column("note", sa.Text(), nullable=True))
    op.add_column("devices", sa.Column("decommissioned_ms", sa.BigInteger(), nullable=True))
    op.add_column("devices", sa.Column("heartbeat_interval_s", sa.Double(), nullable=True))
    op.add_column("presence", sa.Column("facts", sa.LargeBinary(), nullable=True))
    op.create_index("ix_devices_agent_version", "devices", ["agent_version"])
    op.create_index("ix_devices_board", "devices", ["board"])
    op.add_column("dead_letters", sa.Column("is_retained", sa.Boolean(), nullable=True))
    op.add_column("dead_letters", sa.Column("replayed_ms", sa.BigInteger(), nullable=True))
    op.create_index("ix_dead_letters_last_received_ms", "dead_letters", ["last_received_ms"])
    op.create_index("ix_reports_kind_received_ms", "reports", ["kind", "received_ms"])


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}

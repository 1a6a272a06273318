"""What Alembic runs around the migrations: they take place in the transaction of whoever calls."""

from __future__ import annotations

from alembic import context

from skerry_server.registry.models import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
context.run_migrations()

"""The schema's version: what it is, what is still to be done, and how that is done once however many servers start."""

from __future__ import annotations

import io
import logging
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from skerry_edge.foundation.errors import ConfigError

LOG = logging.getLogger(__name__)
# It tells of every look at the version; what is done is told here.
logging.getLogger("alembic.runtime").setLevel(logging.WARNING)
MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x536B65727279
"""The number that PostgreSQL's advisory lock goes by: "Skerry" in ASCII."""
LOCK_WAIT_S = 60
_ALEMBIC = threading.Lock()
"""What Alembic runs around migrations is one for the whole process."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Migration:
    """A step between two versions of the schema, and what it brings in a sentence."""

    revision: str
    title: str


def newest() -> str:
    """Return the version of the schema that this program works with."""
    head = _scripts().get_current_head()
    assert head is not None, "the package holds no migrations"  # noqa: S101  # a broken wheel, nothing to handle
    return head


def current(connection: Connection) -> str | None:
    """Return the version that the database has; None where it has no tables, or some from before there were any."""
    return MigrationContext.configure(connection).get_current_revision()


def pending(connection: Connection) -> list[Migration]:
    """Return what is still to be done, in order. Raises ConfigError where the database is of a later version."""
    found = current(connection)
    if found is None:
        return all_steps()
    require_known(found)
    revisions = [one.revision for one in all_steps()]
    return all_steps()[revisions.index(found) + 1 :]


def require_known(revision: str) -> None:
    """Raise ConfigError for a version of the schema that this program has never heard of."""
    if revision not in [one.revision for one in all_steps()]:
        raise ConfigError(
            "the registry is of a later version of Skerry",
            found=f"schema '{revision}', and this program works with '{newest()}'",
            todo="run the version that made it, or restore a backup of before",
        )


def migrate(connection: Connection) -> list[Migration]:
    """Do what is pending in the transaction of ``connection``, and return what was done. Raises ConfigError.

    Of servers that start at once one does it, and the others find it done.
    """
    hold_alone(connection)
    steps = pending(connection)
    if steps:
        migrate_to(connection, newest())
        LOG.info("the registry's tables are brought up to version %s", newest())
    return steps


def hold_alone(connection: Connection) -> None:
    """Wait until nobody else works on the schema, and keep all others waiting until the transaction ends.

    SQLite's transaction holds the write lock from its beginning; PostgreSQL has an advisory lock for it.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT_S}s'"))
        # A table of millions of rows takes longer than any question.
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": LOCK})


def migrate_to(connection: Connection, revision: str) -> None:
    """Bring the schema up to ``revision`` in the transaction of ``connection``, which holds it alone."""
    with _ALEMBIC:
        command.upgrade(config_of(connection), revision)


def config_of(connection: Connection) -> Config:
    """Return what Alembic's commands are to know of: our migrations, and a connection in whose transaction they run."""
    config = _config()
    config.attributes["connection"] = connection
    return config


@cache
def all_steps() -> list[Migration]:
    """Return what makes this version's tables from none."""
    return [Migration(revision=one.revision, title=one.doc) for one in _scripts().walk_revisions()][::-1]


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config(stdout=io.StringIO())
    # Alembic reads the value as ConfigParser does, where a percent sign begins a reference.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config

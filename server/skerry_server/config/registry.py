"""The table `registry`."""

from __future__ import annotations

from skerry_server.config.section import Seconds, Section


class Registry(Section, frozen=True, kw_only=True):
    """The relational database, as a SQLAlchemy address; by default a file in the state directory.

    PostgreSQL's password may stand in a file of its own. A connection, or what another has locked, is waited for
    ``patience_s`` seconds before it counts as an error and is tried again.
    """

    url: str | None = None
    password_file: str | None = None
    patience_s: Seconds = 5.0

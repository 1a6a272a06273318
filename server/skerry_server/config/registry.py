"""The table `registry`."""

from __future__ import annotations

from skerry_server.config.section import Section


class Registry(Section, frozen=True, kw_only=True):
    """The relational database, as a SQLAlchemy address; by default a file in the state directory."""

    url: str | None = None

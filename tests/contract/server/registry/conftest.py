"""A registry in either database, with devices and people to do things."""

from __future__ import annotations

import pytest

from skerry_server.registry.audit.trail import Author
from skerry_server.registry.database import Database
from skerry_server.registry.models import Device


@pytest.fixture
def opened():
    """Return a function that opens a registry by its address, and close all of them at the end."""
    databases = []

    def open_one(url, *, patience_s=60.0):
        databases.append(Database(url, patience_s=patience_s))
        return databases[-1]

    yield open_one
    for database in databases:
        database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """The address of an empty database of either kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'registry.sqlite'}"
        return
    with request.getfixturevalue("postgresql").database() as url:
        yield url


@pytest.fixture
def database(url, opened):
    """An empty registry in either database."""
    return opened(url)


@pytest.fixture
def fleet(database):
    """A registry with the devices cam-1 and cam-2 at home, and bell-1 in the yard."""
    with database.transaction() as session:
        for device, site in (("cam-1", "home"), ("cam-2", "home"), ("bell-1", "yard")):
            session.add(Device(id=device, site=site, first_received_ms=1, models=[]))
    return database


@pytest.fixture
def ann():
    """Somebody who changes things at 1,000 ms."""
    return Author(name="ann", ts_ms=1_000)

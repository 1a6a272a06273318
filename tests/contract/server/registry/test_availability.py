"""A registry that is locked or away: a typed error soon, and work goes on when it is back."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text

from skerry_server.errors import RegistryError
from skerry_server.registry.engine import POOL_SIZE
from skerry_server.registry.fleet.changes import describe_device

PATIENCE_S = 0.3


@pytest.fixture
def database(url, opened):
    """An empty registry that does not wait long."""
    return opened(url, patience_s=PATIENCE_S)


@pytest.fixture
def locked(url):
    """Return a connection that keeps everybody else from writing until it is closed."""
    engine = create_engine(url)
    connection = engine.connect()
    if engine.dialect.name == "sqlite":
        connection.connection.cursor().execute("BEGIN IMMEDIATE")
    else:
        connection.execute(text("LOCK TABLE devices IN ACCESS EXCLUSIVE MODE"))
    yield connection
    connection.close()
    engine.dispose()


def rename(database, author, name):
    with database.transaction() as session:
        describe_device(session, author, "cam-1", name=name, text=None)


def test_what_is_locked_is_an_error_soon_and_works_when_it_is_free(fleet, ann, request):
    locked = request.getfixturevalue("locked")
    with pytest.raises(RegistryError, match="registry"):
        rename(fleet, ann, "Front")
    locked.close()
    rename(fleet, ann, "Front")


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_readers_of_sqlite_wait_for_no_writer(fleet, request):
    request.getfixturevalue("locked")
    fleet.probe()


def test_what_reads_cannot_write(fleet):
    def write():
        with fleet.reading() as session:
            session.execute(text("DELETE FROM presence"))

    with pytest.raises(RegistryError, match="read"):
        write()


@pytest.fixture
def served(postgresql, opened):
    """A registry in PostgreSQL, used once."""
    with postgresql.database() as url:
        database = opened(url, patience_s=PATIENCE_S)
        database.probe()
        yield database


def test_a_server_that_went_away_is_an_error_and_works_when_it_is_back(postgresql, served):
    postgresql.stop()
    try:
        for _ in range(2):
            with pytest.raises(RegistryError):
                served.probe()
    finally:
        postgresql.start()
    served.probe()


def test_a_connection_that_was_cut_while_it_lay_idle_is_made_again(postgresql, served):
    postgresql.stop()
    postgresql.start()
    served.probe()


def test_a_pool_that_is_used_up_is_an_error_soon(served):
    taken = [served.engine.connect() for _ in range(2 * POOL_SIZE)]
    with pytest.raises(RegistryError, match="TimeoutError"):
        served.probe()
    for connection in taken:
        connection.close()
    served.probe()

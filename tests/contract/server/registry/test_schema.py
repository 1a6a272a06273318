"""The schema: made, brought up from what was made without migrations, and never twice at once."""

from __future__ import annotations

import json
import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from skerry_edge.foundation.errors import ConfigError
from skerry_server.registry import schema
from skerry_server.registry.devices import list_devices
from skerry_server.registry.events import EventSearch, search
from skerry_server.registry.migrations.versions import v0001_first_tables
from skerry_server.registry.models import Base
from skerry_server.registry.presence_history import intervals_of

ROWS = (
    "INSERT INTO devices (id, site, first_received_ms, models) VALUES ('cam-1', 'home', 1, '[]')",
    (
        "INSERT INTO presence (device, state, since_ms, session, seq, ts_ms, is_synced) "
        "VALUES ('cam-1', 'online', 7, '00000001-abcdef01', 3, 5, true)"
    ),
    (
        "INSERT INTO events (message_id, device, site, session, seq, ts_ms, received_ms, is_synced, replayed, kind, "
        "label, pipeline, phase) VALUES ('m1', 'cam-1', 'home', '00000001-abcdef01', 2, 4, 6, true, false, "
        "'detection', 'car', 'camera', 'instant')"
    ),
)


@pytest.fixture
def before_migrations(url):
    """The address of a registry as it was made before there were migrations, with a device in it."""
    engine = create_engine(url)
    v0001_first_tables.METADATA.create_all(engine)
    with engine.begin() as connection:
        for row in ROWS:
            connection.execute(text(row))
    engine.dispose()
    return url


def differences(database):
    with database.engine.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection), Base.metadata)


def test_what_the_migrations_make_is_what_the_program_works_with(database):
    assert [step.revision for step in database.migrate()] == [step.revision for step in schema.all_steps()]
    assert differences(database) == []


def test_a_registry_from_before_migrations_keeps_its_rows(before_migrations, opened):
    database = opened(before_migrations)
    assert [step.revision for step in database.migrate()][:2] == ["0001", "0002"]
    assert differences(database) == []
    with database.reading() as session:
        ((device, presence),) = list_devices(session)
        assert (device.id, device.site, presence.state, presence.seq) == ("cam-1", "home", "online", 3)
        assert [event.label for event in search(session, EventSearch())] == ["car"]
        (interval,) = intervals_of(session, "cam-1", since_ms=0, until_ms=99, limit=9)
        assert (interval.state, interval.began_ms, interval.ended_ms) == ("online", 7, None)


def test_a_registry_that_lacks_what_came_later_without_migrations_gets_it(before_migrations, opened):
    engine = create_engine(before_migrations)
    with engine.begin() as connection:
        connection.execute(text("DROP INDEX ix_events_device_track_id"))
        for column in ("track", "zones", "before", "began_ms"):
            connection.execute(text(f'ALTER TABLE events DROP COLUMN "{column}"'))
    engine.dispose()
    database = opened(before_migrations)
    database.migrate()
    assert differences(database) == []


def test_nothing_is_done_twice(database, url, opened):
    database.migrate()
    other = opened(url)
    assert other.pending() == []
    assert other.migrate() == []


def test_a_migration_that_fails_leaves_nothing(before_migrations, opened):
    engine = create_engine(before_migrations)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE leases (mine INTEGER)"))
    database = opened(before_migrations)
    with pytest.raises(Exception, match="leases"):
        database.migrate()
    assert "groups" not in inspect(engine).get_table_names()
    engine.dispose()


def test_of_servers_that_start_at_once_one_makes_the_tables(url, opened):
    databases = [opened(url) for _ in range(4)]
    begin, done = threading.Barrier(4), []

    def start(database):
        begin.wait()
        done.append(len(database.migrate()))

    threads = [threading.Thread(target=start, args=(one,)) for one in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [0, 0, 0, len(schema.all_steps())]


def test_a_registry_of_a_later_version_is_left_alone(database, url, opened):
    database.migrate()
    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match=r"later version.*9999"):
        opened(url).migrate()


@pytest.fixture
def configuration(url, tmp_path):
    """The server's configuration with this registry."""
    path = tmp_path / "server.toml"
    path.write_text(f'[registry]\nurl = "{url}"\n')
    return path


def test_the_command_tells_what_is_to_be_done_then_does_it(skerry, configuration, before_migrations):
    dry = skerry("server", "migrate", "--config", configuration, "--dry-run", "--json")
    assert (dry.code, dry.json["applied"], [step["revision"] for step in dry.json["steps"]][:1]) == (0, False, ["0001"])
    wet = skerry("server", "migrate", "--config", configuration)
    assert wet.code == 0
    assert "done      0002" in wet.out
    again = skerry("server", "migrate", "--config", configuration, "--json")
    assert json.loads(again.out)["steps"] == []

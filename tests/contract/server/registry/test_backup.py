"""A backup: the same registry in either database afterwards, or what there was, and never something between."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import zipfile

import msgspec
import pytest
from sqlalchemy import create_engine, func, insert, select, text

from skerry_edge.foundation.errors import ConfigError, DataError, ReachError
from skerry_server.errors import ConflictError, RegistryError
from skerry_server.registry.alerts import Cause, fire
from skerry_server.registry.audit.chain import verify
from skerry_server.registry.audit.trail import list_audit
from skerry_server.registry.backup.archive import new_archive
from skerry_server.registry.backup.manifest import Manifest
from skerry_server.registry.backup.restore import require_empty, restore_backup
from skerry_server.registry.backup.rows import encode_row
from skerry_server.registry.backup.save import LEFT_OUT, save_backup
from skerry_server.registry.devices import list_devices
from skerry_server.registry.fleet.changes import describe_device, set_tags
from skerry_server.registry.fleet.groups import add_group, add_members
from skerry_server.registry.migrations.versions import v0001_first_tables
from skerry_server.registry.models import AuditHeadRow, AuditRow, Base, Device, EventRow, ReportRow, table_of
from skerry_server.registry.orders.desired import put_desired
from skerry_server.registry.people.passwords import hash_password, is_password
from skerry_server.registry.people.users import add_user, password_hash

SESSION = "00000001-abcdef01"
PASSWORD = "correct horse battery"


def quiet(*_):
    """Show no progress."""


def save(database, path, telemetry=None):
    return save_backup(database, path, telemetry=telemetry, program="0.1.0", now_ms=7, progress=quiet)


def restore(database, path, author, telemetry=None):
    return restore_backup(database, path, telemetry=telemetry, author=author, progress=quiet)


def content(database):
    """Return all rows but those that a restore adds or leaves out."""
    changed = [table_of(one) for one in (*LEFT_OUT, AuditRow, AuditHeadRow)]
    with database.reading() as session:
        return {
            table.name: [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key.columns))]
            for table in Base.metadata.sorted_tables
            if table not in changed
        }


@pytest.fixture
def filled(fleet, ann):
    """A registry with rows of every type of column: empty, odd and large ones."""
    event = {"device": "cam-1", "site": "home", "session": SESSION, "ts_ms": 2**53, "received_ms": 1, "kind": "x"}
    event |= {"is_synced": True, "replayed": False, "pipeline": "c", "phase": "instant", "before": {"score": 0.5}}
    labels = ["car", 'a "quoted"\nline', "Zo\u00eb \U0001f600 \u2028", ""]
    rows = [event | {"seq": seq, "message_id": f"m{seq}", "label": label} for seq, label in enumerate(labels)]
    rows += [event | {"seq": seq, "message_id": "m", "label": "x", "score": 0.1 + seq} for seq in range(10, 2_110)]
    with fleet.transaction() as session:
        for row in rows:
            row.setdefault("score", None)
        session.execute(insert(table_of(EventRow)), rows)
        picture = bytes(range(256)) * 400
        session.add(ReportRow(device="cam-1", kind="snapshot", item="m0", received_ms=1, payload=picture))
        session.get(Device, "cam-2").models = ["road-signs 1.0.0"]
        describe_device(session, ann, "cam-1", name="Front", text=None)
        set_tags(session, ann, "cam-1", {"floor": "1"})
        add_group(session, ann, "canaries")
        add_members(session, ann, "canaries", ["cam-1"])
        put_desired(session, ann, "cam-1", config={"fps": 5, "zones": [[0.5, None]]}, models={})
        fire(session, [Cause(rule="hot", device=None, subject="", severity="info", value=None, detail="")], now_ms=1)
        add_user(session, ann, "ann", password_hash=hash_password(PASSWORD), role="admin")
        add_user(session, ann, "bob", password_hash=hash_password(PASSWORD), role="viewer", sites=["home"])
    return fleet


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request, tmp_path, opened):
    """Another, empty registry in either database."""
    if request.param == "sqlite":
        yield opened(f"sqlite:///{tmp_path / 'target.sqlite'}")
        return
    with request.getfixturevalue("postgresql").database() as url:
        yield opened(url)


def test_what_was_saved_is_restored_in_either_database(filled, target, tmp_path, ann):
    saved = save(filled, tmp_path / "x.backup")
    require_empty(target, None)
    assert restore(target, tmp_path / "x.backup", ann) == saved
    assert content(target) == content(filled)
    with target.transaction() as session:
        assert verify(session).faults == []
        assert list_audit(session, limit=1)[0].action == "registry.restore"
        assert is_password(password_hash(session, "ann"), PASSWORD)
        # New rows go on counting where the saved ones end.
        row = {"message_id": "new", "device": "cam-1", "site": "home", "session": SESSION, "seq": 9_999, "ts_ms": 1}
        row |= {"received_ms": 1, "is_synced": True, "replayed": False, "kind": "x", "label": "x", "pipeline": "c"}
        session.execute(insert(table_of(EventRow)), [row | {"phase": "instant"}])
        newest = session.scalar(select(EventRow).order_by(EventRow.id.desc()).limit(1))
        assert newest.message_id == "new"


def test_a_backup_is_of_one_moment_while_others_write(filled, url, opened, tmp_path, ann):
    stop, failed = threading.Event(), []

    def write():
        own, number = opened(url), 0
        while not stop.is_set():
            number += 1
            try:
                with own.transaction() as session:
                    add_group(session, ann, f"group-{number}")
                    add_members(session, ann, f"group-{number}", ["cam-1", "cam-2"])
            except RegistryError as error:
                failed.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        save(filled, tmp_path / "x.backup")
    finally:
        stop.set()
        writer.join()
    assert failed == [], "a backup keeps nobody from writing"
    target = opened(f"sqlite:///{tmp_path / 'other.sqlite'}")
    restore(target, tmp_path / "x.backup", ann)
    with target.reading() as session:
        groups, members = (
            session.scalar(select(func.count()).select_from(Base.metadata.tables[name]))
            for name in ("groups", "group_members")
        )
        assert members == 2 * (groups - 1) + 1
        assert verify(session).faults == []


@pytest.fixture
def backup(tmp_path, filled):
    """A backup of a filled registry."""
    save(filled, tmp_path / "x.backup")
    return tmp_path / "x.backup"


def rewritten(path, name, change):
    """Write the archive again with one file changed, and its own checksums right."""
    with zipfile.ZipFile(path) as archive:
        files = {one: archive.read(one) for one in archive.namelist()}
    files[name] = change(files[name])
    with zipfile.ZipFile(path, "w") as archive:
        for one, data in files.items():
            archive.writestr(one, data)


def cut(path):
    path.write_bytes(path.read_bytes()[:-200])


def flipped(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 0x10
    path.write_bytes(data)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "damage",
    [
        cut,
        flipped,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"PK\x05\x06" + bytes(18)),
        lambda path: rewritten(path, "registry/devices.jsonl", lambda data: data.replace(b"cam-2", b"cam-9")),
        lambda path: rewritten(path, "registry/devices.jsonl", lambda data: data[:-1]),
        lambda path: rewritten(path, "manifest.json", lambda data: b"[]"),
        lambda path: rewritten(path, "manifest.json", lambda data: data.replace(b'"devices"', b'"dev ices"')),
        lambda path: rewritten(path, "manifest.json", lambda data: data.replace(b'"format": 1', b'"format": 2')),
        lambda path: rewritten(path, "manifest.json", lambda data: b"\xff" * 9),
    ],
    ids=["cut", "flipped", "empty", "no files", "changed", "short", "list", "name", "later", "no text"],
)
def test_a_damaged_backup_is_told_and_touches_nothing(backup, filled, ann, damage):
    before = content(filled)
    damage(backup)
    with pytest.raises(DataError):
        restore(filled, backup, ann)
    assert content(filled) == before


def test_a_restore_that_fails_half_way_leaves_what_there_was(backup, filled, ann, tmp_path):
    before = content(filled)
    with zipfile.ZipFile(backup) as archive:
        manifest = msgspec.json.decode(archive.read("manifest.json"), type=Manifest)
        lines = {one.name: archive.read(one.member.name) for one in manifest.tables}
    lines["group_members"] += encode_row(["nowhere", "cam-1"])
    path = tmp_path / "forged.backup"
    with new_archive(path) as archive:
        tables = [
            msgspec.structs.replace(one, member=archive.add(one.member.name, [lines[one.name]]))
            for one in manifest.tables
        ]
        archive.finish(msgspec.structs.replace(manifest, tables=tables))
    with pytest.raises(RegistryError):
        restore(filled, path, ann)
    assert content(filled) == before


def test_a_backup_of_an_earlier_version_is_brought_up_to_this_one(url, opened, tmp_path, ann):
    engine = create_engine(f"sqlite:///{tmp_path / 'early.sqlite'}")
    v0001_first_tables.METADATA.create_all(engine)
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO devices (id, site, first_received_ms, models) VALUES ('cam-1', 'home', 1, '[\"m\"]')")
        )
    path = tmp_path / "early.backup"
    with opened(f"sqlite:///{tmp_path / 'now.sqlite'}").reading(), new_archive(path) as archive:
        member = archive.add("registry/devices.jsonl", [encode_row(["cam-1", "home", 1, ["m"]])])
        columns = {"id": "text", "site": "text", "first_received_ms": "int", "models": "json"}
        table = {"name": "devices", "columns": columns, "rows": 1, "member": msgspec.to_builtins(member)}
        manifest = {"format": 1, "program": "0", "revision": "0001", "database": "sqlite", "created_ms": 1}
        archive.finish(msgspec.convert(manifest | {"tables": [table]}, Manifest))
    engine.dispose()
    database = opened(url)
    restore(database, path, ann)
    with database.reading() as session:
        ((device, _),) = list_devices(session)
        assert (device.id, device.models, device.name) == ("cam-1", ["m"], None)
        assert verify(session).faults == []


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_backup_of_a_later_version_is_refused(backup, target, ann):
    rewritten(backup, "manifest.json", lambda data: data.replace(b'"revision": "0', b'"revision": "9'))
    with pytest.raises(ConfigError, match="later version"):
        restore(target, backup, ann)


def test_rows_that_would_be_replaced_are_told(filled):
    with pytest.raises(ConflictError, match="restoring would replace"):
        require_empty(filled, None)


@pytest.fixture
def telemetry(tmp_path):
    """An embedded store's file with a point in it, and a connection that keeps its log from being emptied."""
    path = tmp_path / "telemetry.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE points (x)")
    connection.execute("INSERT INTO points VALUES (42)")
    connection.commit()
    yield path
    connection.close()


def points(path):
    connection = sqlite3.connect(path)
    try:
        return connection.execute("SELECT x FROM points").fetchall()
    finally:
        connection.close()


def test_embedded_time_series_go_along_and_replace_what_there_is(filled, target, telemetry, tmp_path, ann):
    save(filled, tmp_path / "x.backup", telemetry)
    fresh = tmp_path / "new" / "telemetry.sqlite"
    restore(target, tmp_path / "x.backup", ann, fresh)
    assert points(fresh) == [(42,)]
    connection = sqlite3.connect(telemetry)
    connection.execute("UPDATE points SET x = 43")
    connection.commit()
    connection.close()
    restore(target, tmp_path / "x.backup", ann, telemetry)
    assert points(telemetry) == [(42,)]


def test_time_series_that_would_be_replaced_are_told(target, telemetry):
    with pytest.raises(ConflictError, match="telemetry"):
        require_empty(target, telemetry)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_backup_that_cannot_be_written_leaves_nothing(filled, tmp_path):
    with pytest.raises(ReachError):
        save(filled, tmp_path / "nowhere" / "x.backup")
    (tmp_path / "x.backup").mkdir()
    with pytest.raises(ReachError):
        save(filled, tmp_path / "x.backup")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_pipe_or_device_is_neither_replaced_nor_read_for_ever(filled, tmp_path, ann):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ReachError, match="regular file"):
        save(filled, pipe)
    assert pipe.is_fifo()
    with pytest.raises(ReachError, match="regular file"):
        restore(filled, pipe, ann)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_backup_is_its_owner_s_alone(backup):
    assert backup.stat().st_mode & 0o777 == 0o600


def test_the_commands_save_and_restore(filled, url, target, skerry, telemetry, tmp_path):
    where = {"source": url, "target": target.engine.url.render_as_string(hide_password=False)}
    configs = {}
    for name, address in where.items():
        configs[name] = tmp_path / f"{name}.toml"
        store = "telemetry" if name == "source" else "restored"
        configs[name].write_text(f'[registry]\nurl = "{address}"\n[store]\nkind = "sqlite"\npath = "{store}.sqlite"\n')
    file = tmp_path / "y.backup"
    saved = skerry("server", "backup", file, "--config", configs["source"])
    assert saved.code == 0
    assert "saved" in saved.out
    refused = skerry("server", "restore", file, "--config", configs["source"])
    assert (refused.code, "--force" in refused.err) == (2, True)
    restored = skerry("server", "restore", file, "--config", configs["target"], "--json")
    assert (restored.code, json.loads(restored.out)["manifest"]["telemetry"] is None) == (0, False)
    assert content(target) == content(filled)
    assert points(tmp_path / "restored.sqlite") == [(42,)]
    assert skerry("server", "restore", file, "--force", "--config", configs["target"]).code == 0
    configs["target"].write_text(f'[registry]\nurl = "{where["target"]}"\n[store]\nkind = "influxdb"\ndatabase = "x"\n')
    elsewhere = skerry("server", "restore", file, "--force", "--config", configs["target"])
    assert elsewhere.code == 0
    assert elsewhere.out.splitlines()[-1] == "telemetry not restored: the configured store is influxdb"
    told = skerry("server", "restore", file, "--force", "--config", configs["target"], "--json")
    assert json.loads(told.out)["telemetry"] == "not restored: the configured store is influxdb"
    assert skerry("server", "restore", tmp_path / "no.backup", "--config", configs["target"]).code in (2, 4)

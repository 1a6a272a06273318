"""The audit: written with the change or not at all, by many at once, and every way to tamper with it is found."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text

from skerry_server.registry.audit.chain import verify
from skerry_server.registry.audit.trail import Author, list_audit, note
from skerry_server.registry.fleet.changes import move_device
from skerry_server.registry.fleet.groups import add_group


def verified(database, **expected):
    with database.reading() as session:
        return verify(session, **expected)


def faults(database, **expected):
    return [(fault.id, fault.what) for fault in verified(database, **expected).faults]


def tamper(database, *statements):
    with database.transaction() as session:
        for statement in statements:
            session.execute(text(statement))


@pytest.fixture
def written(fleet):
    """A registry with five rows in its audit."""
    for number in range(1, 6):
        with fleet.transaction() as session:
            add_group(session, Author(name="ann", ts_ms=number), f"group-{number}", text="of one floor")
    return fleet


def test_a_change_is_noted_with_who_what_and_when(fleet, ann):
    with fleet.transaction() as session:
        move_device(session, ann, "cam-1", site="yard")
    with fleet.reading() as session:
        (row,) = list_audit(session, limit=9, subject="cam-1")
    assert (row.actor, row.ts_ms, row.action) == ("ann", 1_000, "device.move")
    assert row.detail == '{"from": "home", "to": "yard"}'


def test_a_change_that_fails_leaves_no_note(fleet, ann):
    def interrupted():
        with fleet.transaction() as session:
            move_device(session, ann, "cam-1", site="yard")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert verified(fleet).rows == 0


def test_pages_of_the_audit_follow_each_other(written):
    with written.reading() as session:
        first = list_audit(session, limit=3)
        rest = list_audit(session, limit=3, before_id=first[-1].id)
    assert [row.id for row in (*first, *rest)] == [5, 4, 3, 2, 1]


def test_a_chain_as_it_was_written_holds(written):
    found = verified(written)
    assert (found.rows, found.faults) == (5, [])
    assert faults(written, expected_hash=found.hash) == []


def test_a_row_that_was_changed_is_named(written):
    tamper(written, "UPDATE audit SET actor = 'bob' WHERE id = 3")
    assert faults(written) == [(3, "changed: its hash is not the one of its content")]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_row_that_was_changed_with_its_hash_is_found_at_the_next(written):
    tamper(written, f"UPDATE audit SET actor = 'bob', hash = '{'a' * 64}' WHERE id = 3")
    assert [row for row, _ in faults(written)] == [3, 4]


def test_a_row_that_was_deleted_is_named(written):
    tamper(written, "DELETE FROM audit WHERE id IN (2, 3)")
    assert faults(written) == [(4, "rows 2 to 3 before it: deleted")]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_the_first_row_deleted_is_named(written):
    tamper(written, "DELETE FROM audit WHERE id = 1")
    assert faults(written) == [(2, "row 1 before it: deleted")]


def test_rows_that_changed_places_are_named(written):
    tamper(
        written,
        "UPDATE audit SET id = 99 WHERE id = 2",
        "UPDATE audit SET id = 2 WHERE id = 3",
        "UPDATE audit SET id = 3 WHERE id = 99",
    )
    assert {2, 3} <= {row for row, _ in faults(written)}


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_row_that_was_inserted_is_named(written):
    tamper(
        written,
        "INSERT INTO audit (id, ts_ms, actor, action, subject, detail, previous_hash, hash) "
        f"SELECT 0, ts_ms, actor, action, subject, detail, '{'0' * 64}', hash FROM audit WHERE id = 1",
    )
    assert 0 in {row for row, _ in faults(written)}


def test_a_tail_that_was_cut_off_is_missed(written):
    tamper(written, "DELETE FROM audit WHERE id > 3")
    assert faults(written) == [(5, "the newest row was 5, and the table ends at 3")]


def test_a_tail_cut_off_with_the_note_of_it_is_missed_by_a_hash_that_was_kept_elsewhere(written):
    kept = verified(written).hash
    tamper(
        written,
        "DELETE FROM audit WHERE id > 3",
        "UPDATE audit_head SET newest_id = 3, hash = (SELECT hash FROM audit WHERE id = 3)",
    )
    assert faults(written) == []
    assert len(faults(written, expected_hash=kept)) == 1


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_note_of_the_newest_row_that_is_gone_is_told(written):
    tamper(written, "DELETE FROM audit_head")
    assert faults(written) == [(5, "the note of the newest row is gone")]


def test_text_of_any_kind_is_sealed_as_it_is_read_back(fleet):
    with fleet.transaction() as session:
        note(
            session, Author(name="Zo\u00eb \x00 \U0001f600", ts_ms=1), "test", "x\u2028y", {"text": "\x00\ud800 'q' %s"}
        )
    assert verified(fleet).faults == []


def test_many_who_write_at_once_make_one_chain(fleet, url, opened):
    writers, each = 4, 6
    begin = threading.Barrier(writers)

    def write(number):
        database = opened(url)
        begin.wait()
        for turn in range(each):
            with database.transaction() as session:
                note(session, Author(name=f"writer {number}", ts_ms=turn), "test", str(turn), {})

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = verified(fleet)
    assert (found.rows, found.faults) == (writers * each, [])


def test_the_command_tells_which_row_is_broken(written, url, skerry, tmp_path):
    config = tmp_path / "server.toml"
    config.write_text(f'[registry]\nurl = "{url}"\n')
    good = skerry("server", "audit", "verify", "--config", config, "--json")
    assert (good.code, good.json["rows"], good.json["faults"]) == (0, 5, [])
    assert skerry("server", "audit", "verify", "--config", config, "--expect", good.json["hash"].upper()).code == 0
    assert skerry("server", "audit", "verify", "--config", config, "--expect", "abc").code == 2
    tamper(written, "UPDATE audit SET subject = 'x' WHERE id = 4")
    bad = skerry("server", "audit", "verify", "--config", config)
    assert bad.code == 1
    assert "row 4: changed" in bad.out
    assert "broken in one place" in bad.err


@pytest.mark.parametrize(
    "command",
    [
        ("audit", "verify"),
        ("backup", "saved.backup"),
        ("users", "list"),
        ("tokens", "list"),
        ("dead-letters", "list"),
        ("erase-device", "cam-1", "--yes"),
    ],
    ids=" ".join,
)
def test_what_reads_the_registry_refuses_where_there_is_none_and_makes_none(
    url, skerry, tmp_path, monkeypatch, command
):
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "server.toml"
    config.write_text(f'[registry]\nurl = "{url}"\n')
    for _ in range(2):
        refused = skerry("server", *command, "--config", config)
        assert refused.code == 2
        assert "there is no registry here" in refused.err
        assert url.partition("?")[0].rpartition("/")[2] in refused.err
    assert not (tmp_path / "registry.sqlite").exists()
    assert not (tmp_path / "saved.backup").exists()

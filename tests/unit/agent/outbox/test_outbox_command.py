"""`skerry agent outbox show`."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from skerry_edge.contracts.snapshots import JPEG_START


@pytest.fixture
def config(device, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("etc") / "agent.toml"
    file.write_text(f"""\
site = "garden"
device = "cam-1"
board = "generic-x86"
state_dir = "{device.folder}"
mqtt = {{ url = "mqtt://127.0.0.1:1" }}
pipelines = [{{ kind = "synthetic", name = "ghost" }}]
""")
    return file


def test_it_shows_what_waits_while_the_outbox_is_in_use(skerry, device, config: Path) -> None:
    outbox = device.open()
    device.put(outbox, "cat", "dog", "bird")
    outbox.put((device.identity.topic("snapshot", "m1"), JPEG_START.ljust(1000, b"\0")))
    run = skerry("agent", "outbox", "show", "--config", config, "--limit", 3)
    assert run.code == 0
    assert "4 messages wait" in run.out
    assert "0 were dropped" in run.out
    assert [word for word in ("cat", "dog", "bird") if word in run.out] == ["cat", "dog", "bird"]
    assert "and 1 more" in run.out
    device.put(outbox, "fish")
    assert device.labels(outbox) == ["cat", "dog", "bird", "fish"]


def test_it_gives_all_as_json(skerry, device, config: Path) -> None:
    outbox = device.open()
    device.put(outbox, "cat")
    outbox.put((device.identity.topic("snapshot", "m1"), JPEG_START.ljust(1000, b"\0")))
    shown = skerry("agent", "outbox", "show", "--config", config, "--json").json
    assert (shown["depth"], shown["dropped"], shown["set_aside"]) == (2, 0, [])
    assert shown["held_bytes"] == outbox.stats().held_bytes
    event, snapshot = shown["letters"]
    assert event["message"]["label"] == "cat"
    assert event["ts"] == outbox.stats().oldest_ts_ms
    assert (snapshot["size_bytes"], snapshot["message"]) == (1000, None)


def test_where_there_is_no_outbox_yet_nothing_waits_and_none_is_made(skerry, device, config: Path) -> None:
    assert skerry("agent", "outbox", "show", "--config", config, "--json").json["depth"] == 0
    assert list(device.folder.iterdir()) == []


def test_what_was_set_aside_is_named(skerry, device, config: Path) -> None:
    device.file.write_bytes(b"\xa5" * 5000)
    device.open().close()
    run = skerry("agent", "outbox", "show", "--config", config)
    assert "damaged and set aside: 1" in run.out
    assert "outbox-damaged-0001-" in run.out


@pytest.mark.parametrize("content", [b"\xa5" * 5000, b"", b"SQLite format 3\0"])
def test_a_file_that_is_no_outbox_is_told_as_such_and_left_alone(skerry, device, config: Path, content: bytes) -> None:
    device.file.write_bytes(content)
    run = skerry("agent", "outbox", "show", "--config", config)
    assert run.code == 4
    assert str(device.file) in run.err
    assert "Traceback" not in run.err
    assert device.file.read_bytes() == content


def test_letters_that_nobody_can_read_are_counted_and_shown_by_their_size(skerry, device, config: Path) -> None:
    device.put(device.open(), "cat")
    with closing(sqlite3.connect(device.file, isolation_level=None)) as other:
        other.execute("UPDATE letters SET payload = x'1b5b324a', ts_ms = 1000000000000000000")
    run = skerry("agent", "outbox", "show", "--config", config)
    assert run.code == 0
    assert "4 bytes" in run.out
    assert "\x1b" not in run.out

"""A disk that takes nothing for a while: the agent goes on, and the fleet is told what it cost."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from skerry_edge.agent.outbox import keeper
from skerry_edge.agent.outbox.database import DiskError, LetterDatabase
from skerry_edge.contracts.codec import encode


@contextmanager
def held(file: Path) -> Iterator[None]:
    """Another program holds the file for itself, as a person with a database tool may."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def test_what_the_disk_does_not_take_waits_in_memory_and_goes_to_disk_later(device, impatient) -> None:
    outbox = device.open()
    device.put(outbox, "a")
    with held(device.file):
        device.put(outbox, "b")
        device.put(outbox, "c")
        assert device.labels(outbox) == ["a", "b", "c"], "what is on disk can be read, and nothing is out of order"
        assert outbox.stats().depth == 3
    device.put(outbox, "d")
    assert device.labels(outbox) == ["a", "b", "c", "d"]
    (notice,) = device.notices(outbox)
    assert (notice.kind, notice.pipeline, notice.label) == ("system", "agent", "outbox-disk")
    assert "database is locked" in (notice.message or "")
    assert "2 waited in memory, and 0 were dropped" in (notice.message or "")
    outbox.close()
    assert device.labels(device.open()) == ["a", "b", "c", "d"]


def test_what_waited_in_memory_and_was_delivered_does_not_come_back(device, impatient) -> None:
    outbox = device.open()
    device.put(outbox, "a")
    with held(device.file):
        device.put(outbox, "b")
        for letter in outbox.pending((), 10):
            outbox.acknowledge(letter.key)
        assert outbox.stats().depth == 0
    device.put(outbox, "c")
    outbox.close()
    assert device.labels(device.open()) == ["c"]


def test_the_memory_is_bounded_and_what_it_cannot_hold_is_counted_for_good(
    device, impatient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "BUFFER_BYTES", 3 * len(encode(device.event("000"))) + 20)
    outbox = device.open()
    with held(device.file):
        for number in range(10):
            device.put(outbox, f"{number:03d}")
        assert device.labels(outbox) == ["007", "008", "009"]
        assert outbox.stats().dropped == 7
    device.put(outbox, "after")
    assert device.labels(outbox) == ["007", "008", "009", "after"]
    assert "10 waited in memory, and 7 were dropped" in (device.notices(outbox)[0].message or "")
    outbox.close()
    assert device.open().stats().dropped == 7


def test_the_disk_is_not_tried_at_every_event_but_when_it_is_time(device, monkeypatch: pytest.MonkeyPatch) -> None:
    outbox = device.open()
    with held(device.file):
        device.put(outbox, "a")
    device.put(outbox, "b")
    assert device.notices(outbox) == [], "the disk was given time"
    monkeypatch.setattr(keeper.time, "monotonic", lambda: 1e12)
    outbox.pending((), 0)
    assert [one.label for one in device.notices(outbox)] == ["outbox-disk"]
    assert device.labels(outbox) == ["a", "b"]


def test_an_outbox_that_finds_no_disk_at_its_start_begins_in_memory(device, impatient) -> None:
    device.folder.rmdir()
    outbox = device.open()
    device.put(outbox, "a")
    assert device.labels(outbox) == ["a"]
    device.folder.mkdir()
    device.put(outbox, "b")
    assert device.labels(outbox) == ["a", "b"]
    outbox.close()
    again = device.open()
    assert device.labels(again) == ["a", "b"]
    assert [one.label for one in device.notices(again)] == ["outbox-disk"]


def test_a_file_that_is_back_after_its_disk_was_gone_gives_what_it_held(device, impatient, tmp_path: Path) -> None:
    first = device.open()
    device.put(first, "old")
    first.close()
    away = device.folder.with_name("away")
    device.folder.rename(away)
    second = device.open()
    device.put(second, "new")
    away.rename(device.folder)
    device.put(second, "newest")
    assert device.labels(second) == ["old", "new", "newest"]


def test_the_end_of_an_agent_whose_disk_takes_nothing_is_told_in_the_log(
    device, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = device.open()
    with held(device.file):
        device.put(outbox, "a")
        outbox.close()
    assert "1 messages are lost" in caplog.text


def test_a_commit_that_failed_and_is_there_all_the_same_costs_nothing(
    device, impatient, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = device.open()
    device.put(outbox, "a")
    whole = LetterDatabase.transaction

    @contextmanager
    def unsure(database: LetterDatabase) -> Iterator[None]:
        with whole(database):
            yield
        raise DiskError("the sync failed", found="disk I/O error")

    with monkeypatch.context() as failing:
        failing.setattr(LetterDatabase, "transaction", unsure)
        device.put(outbox, "b")
        assert device.labels(outbox) == ["a", "b"]
    device.put(outbox, "c")
    assert device.labels(outbox) == ["a", "b", "c"]
    assert [one.label for one in device.notices(outbox)] == ["outbox-disk"]


FULL = """
import resource, sys
from pathlib import Path
from skerry_edge.agent.life.clock import clock_state
from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.outbox import keeper
from skerry_edge.agent.outbox.outbox import Outbox
from skerry_edge.contracts.messages import Event

keeper.RETRY_S = 0.0
identity = Identity(site="garden", device="cam-1", session="00000001-0000abcd", clock=clock_state)
outbox = Outbox(Path(sys.argv[1]), max_bytes=1 << 24, identity=identity)

def put(number):
    event = Event(**identity.stamp(), kind="detection", pipeline="gate", label=str(number), message="x" * 1000)
    outbox.put((identity.topic("event"), event))

soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
for number in range(400):
    put(number)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
put(400)
outbox.close()
"""


def test_a_file_that_may_not_grow_loses_nothing_that_memory_can_hold(device) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    done = subprocess.run([sys.executable, "-c", FULL, str(device.folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "messages wait in memory meanwhile" in done.stderr
    outbox = device.open()
    assert device.labels(outbox) == [str(number) for number in range(401)]
    (notice,) = device.notices(outbox)
    assert notice.label == "outbox-disk"
    assert outbox.stats().dropped == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_no_reason_to_end(device) -> None:
    device.folder.chmod(0o500)
    outbox = device.open()
    device.put(outbox, "a")
    assert device.labels(outbox) == ["a"]
    device.folder.chmod(0o700)

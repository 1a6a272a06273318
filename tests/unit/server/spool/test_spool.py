"""The spool: what is appended is on disk and owed until it is settled, within its budget, for one process at a time."""

from __future__ import annotations

import errno
import resource
import signal
from pathlib import Path

import pytest

from skerry_server.errors import SpoolError, SpoolFullError
from skerry_server.ingest.validate import Delivery
from skerry_server.spool import spool as module
from skerry_server.spool.spool import Spool, Taken

BUDGET = 20_000


def batch(*numbers):
    return [
        Delivery(topic=f"skerry/v1/home/cam-{one}/event", payload=b"x" * 100, is_retained=False, received_ms=one)
        for one in numbers
    ]


@pytest.fixture
def open_spool(tmp_path):
    """Return a function that opens the spool of one folder; all are closed with the test.

    The store's acknowledgements are on disk ``durable_after_s`` later, None where that is not known.
    """
    opened = []

    def make(durable_after_s=0.0, **options):
        options = {"budget_bytes": BUDGET, "segment_bytes": 1000} | options
        spool = Spool(tmp_path / "spool", durable_after_s=durable_after_s, **options)
        opened.append(spool)
        spool.open()
        return spool

    yield make
    for spool in opened:
        spool.close()


def owed(spool, now_s=0.0):
    """Read and settle everything that is owed."""
    found = []
    while (one := spool.first_owed()) is not None:
        found += spool.read(one.segment).deliveries
        spool.settle(one, now_s)
    return [one.received_ms for one in found]


def test_what_is_appended_is_owed_in_its_order_until_it_is_settled(open_spool):
    spool = open_spool()
    for number in range(0, 30, 3):
        spool.append(batch(number, number + 1, number + 2))
    assert owed(spool) == list(range(30))
    assert owed(spool) == []
    assert spool.status().bytes == 0


def test_a_process_that_was_killed_leaves_what_it_appended_to_the_next(open_spool):
    first = open_spool()
    first.append(batch(1, 2))
    first.append(batch(3), taken=Taken(at_s=5.0, generation=first.generation))
    first.close()
    assert owed(open_spool()) == [1, 2, 3]


def test_a_torn_end_is_counted_and_costs_nothing_before_it(open_spool):
    first = open_spool()
    first.append(batch(1, 2))
    first.close()
    (path,) = first.folder.glob("*.spool")
    path.write_bytes(path.read_bytes() + path.read_bytes()[:50])
    second = open_spool()
    assert owed(second) == [1, 2]
    assert (second.status().torn_bytes, second.status().damaged_bytes) == (50, 0)


@pytest.mark.parametrize("durable_after_s", [10.0, None], ids=["10 s", "not known"])
def test_what_the_store_may_still_lose_is_kept_until_it_is_let_go(open_spool, durable_after_s):
    spool = open_spool(durable_after_s)
    spool.append(batch(1), taken=Taken(at_s=100.0, generation=spool.generation))
    spool.append(batch(2))
    assert owed(spool, now_s=110.0) == [2]
    assert spool.status().kept_bytes > 0
    spool.let_go(taken_before_s=105.0)
    spool.owe_all()
    assert owed(spool, now_s=120.0) == [2]
    spool.let_go(taken_before_s=119.0)
    assert spool.status().bytes > 0
    spool.let_go(taken_before_s=120.0)
    assert spool.status().bytes == 0


def test_steady_traffic_keeps_nothing_for_longer_than_the_store_may_lose_it(open_spool):
    spool = open_spool(10.0, segment_bytes=BUDGET)
    for now_s in range(0, 60, 5):
        spool.append(batch(now_s), taken=Taken(at_s=float(now_s), generation=spool.generation))
        spool.let_go(taken_before_s=now_s - 10.0)
    assert len(list(spool.folder.glob("*.spool"))) == 2


def test_what_the_store_took_while_everything_was_owed_again_is_owed_as_well(open_spool):
    spool = open_spool(10.0)
    spool.append(batch(1))
    read, written = spool.first_owed(), Taken(at_s=100.0, generation=spool.generation)
    spool.owe_all()  # the store was started again: what it took so far of these, it may have lost
    spool.settle(read, 101.0)
    spool.append(batch(2), taken=written)
    assert owed(spool) == [1, 2]


def test_a_store_that_acknowledges_what_is_on_disk_is_owed_nothing_again(open_spool):
    spool = open_spool(0.0)
    spool.append(batch(1))
    read = spool.first_owed()
    spool.owe_all()
    spool.settle(read, 1.0)
    assert spool.status().bytes == 0


def test_a_full_spool_refuses_says_so_and_takes_again_when_there_is_room(open_spool):
    spool = open_spool()
    taken = 0
    while spool.status().bytes < BUDGET:
        spool.append(batch(taken))
        taken += 1
    with pytest.raises(SpoolFullError, match="of 20000 bytes"):
        spool.append(batch(taken))
    assert owed(spool) == list(range(taken))
    spool.append(batch(7))


def test_a_disk_that_is_full_in_the_middle_of_a_write_costs_only_that_write(open_spool):
    spool = open_spool(segment_bytes=BUDGET)
    spool.append(batch(1, 2))
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (spool.status().bytes + 150, limits[1]))
    try:
        with pytest.raises(SpoolError, match="cannot write to the spool"):
            spool.append(batch(3, 4))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    spool.append(batch(5))
    assert owed(spool) == [1, 2, 5]
    assert (spool.status().torn_bytes, spool.status().damaged_bytes) == (0, 0)


def test_a_second_server_under_the_same_name_is_told_so(open_spool):
    open_spool()
    with pytest.raises(SpoolError, match="another server on this machine uses this spool") as refused:
        open_spool()
    assert "--worker" in str(refused.value)


def test_a_file_that_cannot_be_read_is_set_aside_and_comes_back_when_it_is_given_its_name_again(open_spool):
    spool = open_spool(segment_bytes=1)
    spool.append(batch(1))
    spool.append(batch(2))
    spool.set_aside(spool.first_owed().segment)
    assert owed(spool) == [2]
    assert spool.status().damaged_bytes > 0
    (aside,) = spool.folder.glob("*.unreadable")
    aside.rename(aside.with_suffix(".spool"))
    spool.append(batch(3))
    spool.look_again()
    assert owed(spool) == [1, 3]


def test_a_file_that_cannot_be_set_aside_is_out_of_the_way_until_it_is_looked_for_again(open_spool, monkeypatch):
    spool = open_spool(segment_bytes=1)
    spool.append(batch(1))
    spool.append(batch(2))
    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(OSError(errno.EROFS, "read-only")))
        with pytest.raises(SpoolError, match="set a file of the spool aside"):
            spool.set_aside(spool.first_owed().segment)
    assert owed(spool) == [2]
    spool.look_again()
    assert owed(spool) == [1]


def test_the_names_of_new_folders_are_synced(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(module, "sync_directory", synced.append)
    spool = Spool(tmp_path / "a" / "b", budget_bytes=BUDGET)
    spool.open()
    spool.close()
    assert synced == [tmp_path, tmp_path / "a"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolError, match="the spool cannot be opened"):
        Spool(tmp_path / "file" / "spool", budget_bytes=1).open()

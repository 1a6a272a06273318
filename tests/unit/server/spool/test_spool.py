"""The spool: what is appended is on disk and owed until it is settled, within its budget, for one process at a time."""

from __future__ import annotations

import resource
import signal

import pytest

from skerry_server.errors import SpoolError, SpoolFullError
from skerry_server.ingest.validate import Delivery
from skerry_server.spool.spool import Spool

BUDGET = 20_000


def batch(*numbers):
    return [
        Delivery(topic=f"skerry/v1/home/cam-{one}/event", payload=b"x" * 100, is_retained=False, received_ms=one)
        for one in numbers
    ]


@pytest.fixture
def open_spool(tmp_path):
    """Return a function that opens the spool of one folder; all are closed with the test."""
    opened = []

    def make(**options):
        spool = Spool(tmp_path / "spool", **{"budget_bytes": BUDGET, "segment_bytes": 1000} | options)
        opened.append(spool)
        spool.open()
        return spool

    yield make
    for spool in opened:
        spool.close()


def owed(spool, now_s=0.0):
    """Read and settle everything that is owed."""
    found = []
    while (segment := spool.first_owed()) is not None:
        found += spool.read(segment).deliveries
        spool.settle(segment, now_s)
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
    first.append(batch(3), taken_s=5.0)
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


def test_what_the_store_may_still_lose_is_kept_that_long_and_owed_again_when_it_failed(open_spool):
    spool = open_spool()
    spool.durable_after_s = 10.0
    spool.append(batch(1), taken_s=100.0)
    spool.expire(109.0)
    assert owed(spool) == []
    spool.owe_all()
    assert owed(spool, now_s=120.0) == [1]
    spool.owe_all()
    assert owed(spool, now_s=125.0) == [1]
    spool.expire(135.0)
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


def test_a_file_that_cannot_be_read_is_set_aside_and_the_others_are_read(open_spool):
    spool = open_spool(segment_bytes=1)
    spool.append(batch(1))
    spool.append(batch(2))
    first = spool.first_owed()
    first.path.chmod(0o000)
    spool.set_aside(first)
    assert owed(spool) == [2]
    assert spool.status().damaged_bytes > 0
    assert len(list(spool.folder.glob("*.unreadable"))) == 1


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolError, match="the spool cannot be opened"):
        Spool(tmp_path / "file" / "spool", budget_bytes=1).open()

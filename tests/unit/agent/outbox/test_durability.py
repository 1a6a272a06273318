"""What an outbox still has after its process ended, however it ended."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from skerry_edge.agent.outbox.keeper import ACKS_PER_COMMIT
from skerry_edge.contracts.codec import encode
from skerry_edge.contracts.messages import Heartbeat
from skerry_edge.contracts.snapshots import JPEG_START

DIE_AFTER_ACCEPTING = """
import os, sys
from pathlib import Path
from skerry_edge.agent.life.clock import clock_state
from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.outbox.outbox import Outbox
from skerry_edge.contracts.messages import Event

identity = Identity(site="garden", device="cam-1", session="00000001-0000abcd", clock=clock_state)
outbox = Outbox(Path(sys.argv[1]), max_bytes=1 << 20, identity=identity)
for number in range(100):
    event = Event(**identity.stamp(), kind="detection", pipeline="gate", label=str(number))
    outbox.put((identity.topic("event"), event))
os.kill(os.getpid(), 9)
"""


def test_what_a_killed_process_had_accepted_waits_unchanged_for_the_next(device) -> None:
    ended = subprocess.run([sys.executable, "-c", DIE_AFTER_ACCEPTING, str(device.folder)])
    assert ended.returncode == -9
    outbox = device.open()
    events = device.events(outbox)
    assert [one.label for one in events] == [str(number) for number in range(100)]
    assert {one.session for one in events} == {"00000001-0000abcd"}
    assert [one.seq for one in events] == list(range(1, 101))
    assert outbox.stats().depth == 100


def test_what_is_accepted_later_comes_after_what_waited(device) -> None:
    first = device.open()
    device.put(first, "a", "b")
    newest = first.stats().newest
    first.close()
    second = device.open()
    assert second.stats().newest >= newest
    device.put(second, "c")
    assert device.labels(second) == ["a", "b", "c"]


def test_a_key_never_comes_twice_even_where_nothing_was_left(device) -> None:
    first = device.open()
    device.put(first, "a")
    (letter,) = first.pending((), 1)
    first.acknowledge(letter.key)
    first.close()
    second = device.open()
    device.put(second, "b")
    (other,) = second.pending((), 1)
    assert other.key > letter.key


def test_what_the_broker_has_is_gone_after_a_clean_end(device) -> None:
    first = device.open()
    device.put(first, *"abc")
    for letter in first.pending((), 2):
        first.acknowledge(letter.key)
    first.close()
    assert device.labels(device.open()) == ["c"]


def test_acknowledged_letters_do_not_pile_up_in_the_file(device) -> None:
    outbox = device.open()
    device.put(outbox, *map(str, range(ACKS_PER_COMMIT)))
    for letter in outbox.pending((), ACKS_PER_COMMIT):
        outbox.acknowledge(letter.key)
    with closing(sqlite3.connect(device.file)) as other:
        assert other.execute("SELECT count(*) FROM letters").fetchone() == (0,)


def test_an_acknowledgement_that_a_crash_took_back_costs_a_duplicate_and_no_event(device) -> None:
    first = device.open()
    device.put(first, *"abc")
    first.acknowledge(first.pending((), 1)[0].key)
    assert device.labels(first) == ["b", "c"]
    second = device.open()
    assert device.labels(second) == ["a", "b", "c"]


def test_the_count_of_what_was_dropped_outlives_the_process(device) -> None:
    first = device.open(max_bytes=3 * len(encode(device.event("0"))))
    device.put(first, *map(str, range(10)))
    dropped = first.stats().dropped
    assert dropped >= 7
    first.close()
    second = device.open()
    assert second.stats().dropped == dropped
    assert device.labels(second)[-1] == "9"


def test_snapshots_survive_and_heartbeats_do_not(device) -> None:
    first = device.open()
    jpeg = JPEG_START.ljust(100_000, b"\1")
    first.put((device.identity.topic("snapshot", "m1"), jpeg))
    heartbeat = Heartbeat(
        **device.identity.stamp(),
        board="generic-x86",
        agent_version="1",
        uptime_s=1.0,
        cpu_percent=0.0,
        memory_used_mb=1.0,
        memory_total_mb=2.0,
        disk_free_mb=3.0,
    )
    first.put((device.identity.topic("heartbeat"), heartbeat))
    first.close()
    assert [one.message for one in device.open().pending((), 10)] == [jpeg]


def test_only_the_agents_user_may_read_what_waits(device) -> None:
    device.put(device.open(), "a")
    files = [device.file, device.log]
    assert [Path(one).stat().st_mode & 0o777 for one in files] == [0o600, 0o600]


def test_while_somebody_looks_into_the_file_the_outbox_goes_on(device) -> None:
    outbox = device.open()
    device.put(outbox, "a")
    with closing(sqlite3.connect(device.file)) as other:
        other.execute("BEGIN")
        assert other.execute("SELECT count(*) FROM letters").fetchone() == (1,)
        device.put(outbox, "b")
    assert device.labels(outbox) == ["a", "b"]
    assert device.notices(outbox) == []

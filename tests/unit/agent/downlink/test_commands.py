"""Commands as they come: judged, carried out once, answered each time."""

from __future__ import annotations

import errno
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from skerry_edge.agent.children.mutes import Mutes
from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.downlink import memory
from skerry_edge.agent.downlink.actions import LOGS_EVERY_S, MAX_PICTURES_AWAITED, PICTURE_TIMEOUT_S, Actions
from skerry_edge.agent.downlink.commands import Commands
from skerry_edge.agent.downlink.freshness import SenderClock
from skerry_edge.agent.downlink.log_tail import LogTail
from skerry_edge.agent.downlink.memory import FILE, CommandMemory
from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.agent.line.protocol import Order, Picture, TakeSnapshot
from skerry_edge.agent.mqtt.news import Inbound
from skerry_edge.contracts.codec import encode
from skerry_edge.contracts.messages import MAX_JSON_BYTES, Command, CommandResult
from skerry_edge.contracts.snapshots import JPEG_START
from skerry_edge.contracts.topics import parse_topic

JPEG = JPEG_START + b"a picture"


class Bench:
    """A device that notes what it is told to do, and what it answers."""

    def __init__(self, config: AgentConfig, *, clock: str = "synced") -> None:
        self.pipelines = config.pipelines
        self.orders: list[tuple[str, Order]] = []
        self.done: list[str] = []
        self.runs = True
        self.results: list[CommandResult] = []
        self.pictures: dict[str, bytes] = {}
        self.log = LogTail()
        self.mutes = Mutes(StateFiles(Path(config.state_dir)), ["ear"])
        identity = Identity(site="garden", device="cam-1", session="00000001-0000abcd", clock=lambda: "synced")
        outbox: Any = self
        self.commands = Commands(
            actions=Actions(self, self.mutes, self.log),
            memory=CommandMemory(StateFiles(Path(config.state_dir))),
            identity=identity,
            outbox=outbox,
            clock_state=lambda: clock,  # type: ignore[arg-type,return-value]
            sender_clock=SenderClock(),
        )

    def order(self, pipeline: str, order: Order) -> bool:
        self.orders.append((pipeline, order))
        return self.runs

    def restart(self, pipeline: str | None) -> None:
        self.done.append(f"restart {pipeline or 'all'}")

    def rebirth(self) -> None:
        self.done.append("rebirth")

    def put(self, *outgoing: tuple[str, Any]) -> None:
        for topic, content in outgoing:
            parsed = parse_topic(topic)
            if isinstance(content, bytes):
                assert parsed.item is not None
                self.pictures[parsed.item] = content
            else:
                assert (parsed.kind, parsed.item) == ("result", content.command)
                encode(content)
                self.results.append(content)

    def send(self, command: Command | bytes, *, now_s: float = 100.0, **arrival: Any) -> None:
        payload = command if isinstance(command, bytes) else encode(command)
        self.commands.handle(Inbound(topic="…/command", payload=payload, **arrival), now_s)

    @property
    def last(self) -> CommandResult:
        return self.results[-1]


@pytest.fixture
def make_bench(config) -> Callable[..., Bench]:
    """Return a function that starts the device, as it was left."""
    return lambda **options: Bench(config, **options)


@pytest.fixture
def bench(make_bench) -> Bench:
    return make_bench()


@pytest.fixture
def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture
def logged(bench: Bench) -> Iterator[logging.Logger]:
    """A logger whose lines the device keeps."""
    logger = logging.getLogger("skerry_edge.test")
    logger.addHandler(bench.log)
    yield logger
    logger.removeHandler(bench.log)


def test_a_ping_is_answered(bench: Bench, make_command, now_ms: int) -> None:
    bench.send(make_command("ping", ts=now_ms, command_id="a1"))
    assert (bench.last.command, bench.last.ok, bench.last.message) == ("a1", True, "pong")


def test_a_rebirth_publishes_what_is_retained_again(bench: Bench, make_command, now_ms: int) -> None:
    bench.send(make_command("rebirth", ts=now_ms))
    assert (bench.done, bench.last.ok) == (["rebirth"], True)


@pytest.mark.parametrize(("args", "done"), [({}, "restart all"), ({"pipeline": "ear"}, "restart ear")])
def test_a_restart_is_of_one_pipeline_or_of_all(bench, make_command, now_ms: int, args, done: str) -> None:
    bench.send(make_command("restart", ts=now_ms, **args))
    assert (bench.done, bench.last.ok) == ([done], True)


def test_a_command_that_comes_again_is_done_once_and_answered_as_before(bench, make_command, now_ms: int) -> None:
    command = make_command("restart", ts=now_ms)
    for _ in range(3):
        bench.send(command)
    assert bench.done == ["restart all"]
    assert [result.ok for result in bench.results] == [True] * 3
    assert bench.last.message == "done before: the agent starts anew"


def test_no_restart_happens_twice_because_the_memory_cannot_be_read_for_a_moment(
    bench, make_bench, make_command, now_ms: int
) -> None:
    command = make_command("restart", ts=now_ms)
    bench.send(command)

    def fails(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", fails)
        again = make_bench()
        again.send(command)
        again.send(make_command("ping", ts=now_ms))
    assert again.done == []
    assert [one.ok for one in again.results] == [False, True]
    third = make_bench()
    third.send(command)
    assert third.done == []
    assert third.last.output == {"repeated": "true"}


def test_what_is_done_while_the_memory_cannot_be_read_is_added_to_it_later(
    bench, make_bench, make_command, now_ms: int
) -> None:
    earlier, ping, later = (make_command(name, ts=now_ms) for name in ("restart", "ping", "ping"))
    bench.send(earlier)

    def fails(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", fails)
        again = make_bench()
        again.send(ping)
    again.send(later)
    third = make_bench()
    for command in (earlier, ping, later):
        third.send(command)
    assert [one.output.get("repeated") for one in third.results] == ["true"] * 3


def test_a_command_is_known_again_after_a_restart(bench, make_bench, make_command, now_ms: int) -> None:
    command = make_command("restart", ts=now_ms)
    bench.send(command)
    again = make_bench()
    again.send(command)
    assert (again.done, again.last.ok, again.last.output) == ([], True, {"repeated": "true"})


def test_what_has_expired_is_forgotten_to_make_room(
    make_bench, make_command, now_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "MAX_COMMANDS", 3)
    bench = make_bench(clock="unsynced")
    for number in range(3):
        bench.send(make_command("ping", ts=now_ms, command_id=f"old-{number}"))
    bench.send(make_command("ping", ts=now_ms))
    assert bench.last.message == "too many commands at once: wait until some have expired"
    later = 100.0 + 61
    bench.send(make_command("ping", ts=now_ms + 61_000), now_s=later)
    assert bench.last.ok


def test_commands_dated_2100_fill_the_memory_for_their_own_life_and_a_little_alone(
    make_bench, make_command, now_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "MAX_COMMANDS", 3)
    bench = make_bench(clock="unsynced")
    for number in range(3):
        bench.send(make_command("ping", ts=4_102_444_800_000 + number, command_id=f"far-{number}"))
    for again in (bench, make_bench(clock="unsynced")):
        for now_s, done in ((102.0, False), (115.0, False), (1000.0, True)):
            again.send(make_command("ping", ts=now_ms + round(now_s * 1e3)), now_s=now_s)
            assert again.last.ok == done, again.last.message


def test_one_command_dated_2100_shuts_the_others_out_for_seconds_and_not_over_a_restart(
    make_bench, make_command, now_ms: int
) -> None:
    bench = make_bench(clock="unsynced")
    bench.send(make_command("ping", ts=4_102_444_800_000), now_s=100.0)
    bench.send(make_command("ping", ts=now_ms), now_s=101.0)
    assert "has expired" in (bench.last.message or "")
    bench.send(make_command("ping", ts=now_ms + 15_000), now_s=116.0)
    assert bench.last.ok
    again = make_bench(clock="unsynced")
    again.send(make_command("ping", ts=now_ms), now_s=200.0)
    assert again.last.ok


def test_a_restart_that_the_disk_cannot_keep_is_not_done_and_a_ping_is(bench, make_command, now_ms, tmp_path) -> None:
    (tmp_path / FILE).mkdir()
    bench.send(make_command("restart", ts=now_ms))
    assert (bench.done, bench.last.ok) == ([], False)
    assert FILE in bench.last.message
    bench.send(make_command("ping", ts=now_ms))
    assert bench.last.ok


def test_an_expired_command_is_refused_and_not_done(bench: Bench, make_command, now_ms: int) -> None:
    bench.send(make_command("restart", ts=now_ms - 120_000))
    assert (bench.done, bench.last.ok) == ([], False)
    assert "expired" in (bench.last.message or "")


def test_a_retained_command_is_refused_once_though_it_comes_with_every_connect(bench, make_command, now_ms) -> None:
    command = make_command("restart", ts=now_ms)
    for _ in range(3):
        bench.send(command, retained=True)
    assert (bench.done, len(bench.results), bench.last.ok) == ([], 1, False)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "format-disk"}, "Invalid enum value 'format-disk'"),
        ({"v": 2}, "does not fit the contract"),
        ({"expires_ts": "soon"}, "does not fit the contract"),
        ({"args": {"lines": 5}}, "does not fit the contract"),
        ({"args": {"lines": "x" * MAX_JSON_BYTES}}, "larger than the contract allows"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_id(bench, make_command, now_ms: int, change, said: str) -> None:
    tree = json.loads(encode(make_command("logs", ts=now_ms, command_id="a1"))) | change
    bench.send(json.dumps(tree).encode())
    assert (bench.last.command, bench.last.ok) == ("a1", False)
    assert said in (bench.last.message or "")


@pytest.mark.parametrize(
    "payload", [b"", b"{", b"\xff", b"null", b"[]", b'{"id": 5}', b'{"id": "a/b"}', b"[" * 100_000, b'{"id":"a"' * 9]
)
def test_what_has_no_id_is_logged_and_ignored(bench: Bench, payload: bytes, caplog: pytest.LogCaptureFixture) -> None:
    bench.send(payload)
    assert bench.results == []
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize(
    ("name", "args", "said"),
    [
        ("ping", {"pipeline": "gate"}, "'ping' has no such argument; found 'pipeline'; it takes none"),
        ("logs", {"line": "5"}, "did you mean 'lines'?"),
        ("logs", {"lines": "0"}, "give 1 to 1000"),
        ("logs", {"lines": "٣"}, "must be a whole number"),
        ("restart", {"pipeline": "gat"}, "did you mean 'gate'?"),
        ("snapshot", {"pipeline": "bath"}, "no pictures leave this device"),
        ("snapshot", {"pipeline": "ear"}, "sees nothing; found 'ear' (wakeword)"),
        ("mute", {"pipeline": "gate"}, "no wake-word pipeline to silence"),
        ("mute", {"minutes": "0"}, "'minutes' must be a whole number"),
        ("mute", {"minutes": "1e3"}, "give 1 to 10080"),
        ("unmute", {"minutes": "5"}, "no such argument"),
    ],
)
def test_wrong_arguments_are_named(bench, make_command, now_ms: int, name: str, args, said: str) -> None:
    bench.send(make_command(name, ts=now_ms, **args))
    assert not bench.last.ok
    assert said in (bench.last.message or "")
    assert bench.done == []


def test_a_picture_is_ordered_and_sent_before_the_answer(bench: Bench, make_command, now_ms: int) -> None:
    bench.send(make_command("snapshot", ts=now_ms, command_id="a1"))
    assert (bench.orders, bench.results) == ([("gate", TakeSnapshot(order="a1"))], [])
    bench.commands.act([Picture(order="a1", jpeg=JPEG)], 101.0)
    assert bench.pictures == {"a1": JPEG}
    assert (bench.last.ok, bench.last.output["pipeline"]) == (True, "gate")


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (Picture(order="a1", reason="nothing seen yet"), "nothing seen yet"),
        (Picture(order="a1", jpeg=b"PNG"), "no JPEG"),
    ],
)
def test_a_picture_that_is_none_is_answered_with_its_reason(bench, make_command, now_ms, picture, said: str) -> None:
    bench.send(make_command("snapshot", ts=now_ms, command_id="a1"))
    bench.commands.act([picture], 101.0)
    assert not bench.last.ok
    assert said in (bench.last.message or "")
    assert bench.pictures == {}


def test_a_picture_that_does_not_come_is_given_up_and_one_too_late_is_thrown_away(bench, make_command, now_ms) -> None:
    bench.send(make_command("snapshot", ts=now_ms, command_id="a1"))
    due_s = bench.commands.act([], 100.1)
    assert due_s == 100.0 + PICTURE_TIMEOUT_S
    bench.commands.act([], due_s)
    assert "no picture within" in (bench.last.message or "")
    bench.commands.act([Picture(order="a1", jpeg=JPEG)], due_s + 1)
    assert (bench.pictures, len(bench.results)) == ({}, 1)


def test_no_more_pictures_are_waited_for_than_a_few(bench: Bench, make_command, now_ms: int) -> None:
    for _ in range(MAX_PICTURES_AWAITED + 1):
        bench.send(make_command("snapshot", ts=now_ms))
    assert len(bench.orders) == MAX_PICTURES_AWAITED
    assert "waited for already" in (bench.last.message or "")


def test_a_pipeline_that_does_not_run_gives_no_picture(bench: Bench, make_command, now_ms: int) -> None:
    bench.runs = False
    bench.send(make_command("snapshot", ts=now_ms))
    assert bench.last.message == "'gate' does not run now"


def test_ears_are_closed_and_opened(bench: Bench, make_command, now_ms: int) -> None:
    bench.send(make_command("mute", ts=now_ms))
    assert (bench.mutes.is_muted("ear"), bench.last.message) == (True, "muted until told otherwise: ear")
    bench.send(make_command("unmute", ts=now_ms, pipeline="ear"))
    assert (bench.mutes.is_muted("ear"), bench.last.message) == (False, "listening: ear")


def test_ears_are_closed_for_a_while(bench: Bench, make_command, now_ms: int) -> None:
    bench.send(make_command("mute", ts=now_ms, minutes="30"))
    assert (bench.mutes.is_muted("ear"), bench.last.message) == (True, "muted for 30 min: ear")
    bench.mutes.act(time.monotonic() + 30 * 60)
    assert not bench.mutes.is_muted("ear")


def test_the_log_is_given_redacted_and_not_too_often(bench, make_command, now_ms: int, logged) -> None:
    for number in range(5):
        logged.warning("line %d of rtsp://admin:hunter2@camera/1", number)
    bench.send(make_command("logs", ts=now_ms, lines="2"))
    lines = bench.last.output["log"].splitlines()
    assert [line.split("line ")[1][0] for line in lines] == ["3", "4"]
    assert "hunter2" not in bench.last.output["log"]
    bench.send(make_command("logs", ts=now_ms), now_s=100.0 + LOGS_EVERY_S / 2)
    assert not bench.last.ok
    bench.send(make_command("logs", ts=now_ms), now_s=100.0 + LOGS_EVERY_S)
    assert bench.last.ok


def test_a_log_of_any_content_fits_into_one_answer(bench: Bench, make_command, now_ms: int) -> None:
    # Not by a logger: pytest would capture it, and its report cannot carry every text between processes.
    line = logging.makeLogRecord({"msg": '\x01"\\é\ud800' * 100, "levelno": logging.WARNING, "levelname": "WARNING"})
    for _ in range(400):
        bench.log.handle(line)
    bench.send(make_command("logs", ts=now_ms, lines="1000"))
    assert bench.last.ok
    assert MAX_JSON_BYTES / 2 < len(encode(bench.last)) < MAX_JSON_BYTES


def test_a_picture_that_was_waited_for_when_the_agent_ended_is_taken_anew(
    bench: Bench, make_bench, make_command, now_ms: int
) -> None:
    command = make_command("snapshot", ts=now_ms, command_id="a1")
    bench.send(command)
    bench.send(command)
    assert (len(bench.orders), bench.results) == (1, [])
    again = make_bench()
    again.send(command)
    assert again.orders == [("gate", TakeSnapshot(order="a1"))]


def test_a_restart_that_was_under_way_when_the_agent_ended_is_not_done_again(
    make_bench, make_command, now_ms: int, tmp_path: Path
) -> None:
    command = make_command("restart", ts=now_ms)
    begun = [{"id": command.id, "expires_ts": command.expires_ts}]
    (tmp_path / FILE).write_text(json.dumps(begun))
    bench = make_bench()
    bench.send(command)
    assert (bench.done, bench.last.ok) == ([], False)
    assert "ended while this was under way" in (bench.last.message or "")


def test_a_damaged_memory_is_begun_anew(make_bench, make_command, now_ms: int, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"[{]")
    bench = make_bench()
    bench.send(make_command("ping", ts=now_ms))
    assert bench.last.ok

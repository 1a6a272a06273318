"""How a child's deadlines are kept, with what it says in the test's hand."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from skerry_edge.agent.children import pace, runner
from skerry_edge.agent.children.attempt import Attempt
from skerry_edge.agent.children.runner import Runner
from skerry_edge.agent.config.pipelines import SyntheticPipeline
from skerry_edge.agent.line.line import Line
from skerry_edge.agent.line.protocol import Finding, Progress, Ready, Report, Start, encode_line

READY = Ready(model="m", model_version="1", backend="first")


class Child:
    """Stands for hosts, seat and process: what it says goes over a real line, and it only notes how it is ended."""

    def __init__(self) -> None:
        ours, self._theirs = socket.socketpair()
        self.line = Line(ours)
        self.host = SimpleNamespace(pid=1, is_shared=False)
        self.was_killed = False

    def seat(self, start: Start, backend: str | None, *, on_readable: Callable[[], None], on_lost: object) -> Any:
        self.is_read = on_readable
        return self

    def say(self, *reports: Report) -> None:
        """Say something, and return when it has left the child."""
        self.begin_to_say(b"".join(encode_line(one) for one in reports))

    def begin_to_say(self, data: bytes) -> None:
        """Say something that may have no end."""
        self._theirs.sendall(data)

    def kill(self) -> None:
        self.was_killed = True

    def leave(self) -> None:
        pass

    def close(self) -> None:
        self.line.close()
        self._theirs.close()


@pytest.fixture
def child() -> Iterator[Child]:
    child = Child()
    yield child
    child.close()


@pytest.fixture
def run(child: Child) -> Callable[..., Runner]:
    """Return a function that has a runner start the child, and hear that it is ready."""

    def make(*, progress_deadline_s: float) -> Runner:
        pipeline = SyntheticPipeline(name="ghost", progress_deadline_s=progress_deadline_s)
        opener = SimpleNamespace(
            open=lambda backend, on_report, on_end, stands_by: Attempt(
                Start(pipeline=pipeline, log_level="INFO"),
                backend,
                child,  # type: ignore[arg-type]
                usual_s={},
                on_report=on_report,
                on_end=on_end,
            ),
            note_loaded=lambda *_: None,
            note_hung=lambda *_: None,
        )
        made = Runner(
            pipeline,
            opener,  # type: ignore[arg-type]
            on_report=lambda _: None,
            on_gone=lambda: None,
            on_failed=lambda _blame, _reason: None,
            is_source_well=lambda: True,
        )
        made.act(time.monotonic())
        child.say(READY)
        child.is_read()
        return made

    return make


class Clock:
    """The runner's time, in seconds; it passes when the test says so."""

    def __init__(self) -> None:
        self.now_s = time.monotonic()

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(runner, "time", clock)
    return clock


def test_a_child_is_pardoned_again_once_it_has_made_progress(
    child: Child, run: Callable[..., Runner], clock: Clock
) -> None:
    ghost = run(progress_deadline_s=5.0)
    for _ in range(3):
        clock.now_s += 20.0  # the whole machine stood still
        ghost.act(clock.now_s)
        assert not child.was_killed
        child.say(Progress(frames=1))
        child.is_read()
    for killed in (False, True):
        clock.now_s += 20.0
        ghost.act(clock.now_s)
        assert child.was_killed is killed


def test_a_beat_behind_a_snapshot_that_fills_the_line_keeps_its_child_alive(
    child: Child, run: Callable[..., Runner], clock: Clock, eventually: Callable[..., None]
) -> None:
    ghost = run(progress_deadline_s=5.0)
    snapshot = Finding(kind="detection", label="car", ts=1, decided_ns=1, snapshot=bytes(256 << 10))
    says = threading.Thread(target=child.say, args=(snapshot, Progress(frames=1)))
    says.start()
    eventually(child.line.has_news, what="the beginning of the snapshot")
    clock.now_s += 5.1
    ghost.act(clock.now_s)  # takes what the kernel keeps of it, and then what follows
    says.join(10)
    clock.now_s += 0.2
    ghost.act(clock.now_s)
    assert not child.was_killed
    clock.now_s += 5.1
    ghost.act(clock.now_s)
    assert child.was_killed, "now it is silent"


def test_a_child_that_hangs_in_the_middle_of_a_message_is_killed(
    child: Child, run: Callable[..., Runner], clock: Clock
) -> None:
    ghost = run(progress_deadline_s=5.0)
    child.begin_to_say(b'{"type":"Progress"')
    for passes_s, killed in ((5.1, False), (0.25, True)):
        clock.now_s += passes_s
        ghost.act(clock.now_s)
        assert child.was_killed is killed


def test_a_silence_is_trouble_before_it_is_a_hang_and_is_over_with_the_next_beat(
    child: Child, run: Callable[..., Runner], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pace, "TOLD_AFTER_S", 1e-6)
    ghost = run(progress_deadline_s=60.0)
    assert ghost.trouble is None
    ghost.act(time.monotonic())
    assert "no progress for " in str(ghost.trouble)
    assert "pipeline ghost is slow: no progress for" in caplog.text
    assert not child.was_killed
    monkeypatch.setattr(pace, "TOLD_AFTER_S", 60.0)
    child.say(Progress())
    child.is_read()
    ghost.act(time.monotonic())
    assert ghost.trouble is None


def test_a_silence_of_the_whole_machine_is_not_told_of_a_child(child: Child, run: Callable[..., Runner]) -> None:
    ghost = run(progress_deadline_s=60.0)
    ghost.act(time.monotonic() + 30.0)
    assert ghost.trouble is None
    assert ghost.due_s > time.monotonic() + 30.0

"""One pipeline's child as the parent sees it, without the loop around it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from selectors import DefaultSelector

import pytest

from skerry_edge.agent.config.pipelines import SyntheticPipeline
from skerry_edge.agent.hosts import Hosts
from skerry_edge.agent.line import Line
from skerry_edge.agent.mutes import Mutes
from skerry_edge.agent.worker import Worker

Start = Callable[[SyntheticPipeline], Worker]


@pytest.fixture
def selector() -> Iterator[DefaultSelector]:
    """What the parent's loop would wait on."""
    with DefaultSelector() as selector:
        yield selector


@pytest.fixture
def start(selector: DefaultSelector, tmp_path: Path) -> Iterator[Start]:
    """Return a function that makes a worker and has it start its child."""
    workers: list[Worker] = []

    def make(pipeline: SyntheticPipeline) -> Worker:
        worker = Worker(
            pipeline,
            log_level="INFO",
            hosts=Hosts(environment=os.environ, selector=selector),
            mutes=Mutes(tmp_path, ()),
            on_finding=lambda _one, _finding: None,
        )
        workers.append(worker)
        worker.act(0.0)
        return worker

    yield make
    for worker in workers:
        worker.kill()


def test_a_beat_that_the_parent_was_too_late_to_read_keeps_its_child_alive(
    start: Start, selector: DefaultSelector, eventually: Callable[..., None]
) -> None:
    worker = start(SyntheticPipeline(name="ghost"))
    child = worker.pid
    eventually(
        lambda: any(isinstance(key.fileobj, Line) for key, _ in selector.select(0.1)),
        what="the child's first report lies unread",
    )
    worker.act(worker.due_s)
    assert worker.pid == child
    assert worker.trouble is None


def test_a_child_that_said_nothing_is_killed_at_its_deadline(start: Start) -> None:
    worker = start(SyntheticPipeline(name="ghost", fault="refuse", start_deadline_s=1e-6))
    worker.act(worker.due_s)
    assert worker.pid is None
    assert worker.trouble == "not ready within 1e-06 s (start_deadline_s)"


def test_a_child_imports_nothing_from_where_the_agent_was_started(
    start: Start,
    selector: DefaultSelector,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    eventually: Callable[..., None],
) -> None:
    (tmp_path / "ctypes.py").write_text("raise SystemExit(7)")
    monkeypatch.chdir(tmp_path)
    worker = start(SyntheticPipeline(name="ghost"))

    def beats() -> bool:
        for key, _ in selector.select(0.1):
            key.data()
        return worker.trouble is not None or worker.take_vitals().state == "running"

    eventually(beats, what="the child runs or has failed")
    assert worker.trouble is None

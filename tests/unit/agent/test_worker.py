"""One pipeline's child as the parent sees it, without the loop around it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from selectors import DefaultSelector

import pytest

from skerry_edge.agent.config import SyntheticPipeline
from skerry_edge.agent.worker import Worker


@pytest.fixture
def selector() -> Iterator[DefaultSelector]:
    """What the parent's loop would wait on."""
    with DefaultSelector() as selector:
        yield selector


@pytest.fixture
def worker(selector: DefaultSelector) -> Iterator[Worker]:
    """A worker whose child was started."""
    pipeline = SyntheticPipeline(name="ghost", events_per_s=5.0)
    worker = Worker(
        pipeline, log_level="INFO", selector=selector, environment=os.environ, on_finding=lambda _worker, _finding: None
    )
    worker.act(0.0)
    yield worker
    worker.kill()


def test_a_beat_that_the_parent_was_too_late_to_read_keeps_its_child_alive(
    worker: Worker, selector: DefaultSelector, eventually: Callable[..., None]
) -> None:
    child = worker.pid
    eventually(
        lambda: any(isinstance(key.fileobj, socket.socket) for key, _ in selector.select(0.1)),
        what="the child's first report lies unread",
    )
    worker.act(worker.due_s)
    assert worker.pid == child
    assert worker.trouble is None


def test_a_child_that_said_nothing_is_killed_at_its_deadline(selector: DefaultSelector) -> None:
    mute = SyntheticPipeline(name="ghost", fault="refuse", start_deadline_s=1e-6)
    worker = Worker(
        mute, log_level="INFO", selector=selector, environment=os.environ, on_finding=lambda _worker, _finding: None
    )
    worker.act(0.0)
    worker.act(worker.due_s)
    assert worker.pid is None
    assert worker.trouble == "not ready within 1e-06 s (start_deadline_s)"

"""A live source that fails, and one whose driver hangs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from skerry_edge.agent.line.blame import blame_of
from skerry_edge.agent.line.link import Link
from skerry_edge.agent.line.protocol import Progress, SourceState
from skerry_edge.agent.sources import reconnect
from skerry_edge.agent.sources.health import SourceHealth
from skerry_edge.agent.sources.tended import MAX_LEFT_BEHIND, TendedCapture
from skerry_edge.foundation.backoff import Backoff
from skerry_edge.foundation.source_error import SourceError
from skerry_edge.vision.capture import LiveCapture

Tend = Callable[..., TendedCapture[int]]
Ends = tuple[Link, Any]


@pytest.fixture
def unplugged() -> Iterator[threading.Event]:
    """What ends every read that hangs."""
    unplugged = threading.Event()
    yield unplugged
    unplugged.set()


@pytest.fixture
def tend(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> Tend:
    """Return a function that tends a source, which is opened again at once."""
    monkeypatch.setattr(reconnect, "BACKOFF", Backoff(first_s=1e-6, max_s=1e-6))
    link, _ = ends

    def make(source: Callable[[], Iterator[int]]) -> TendedCapture[int]:
        return TendedCapture(
            lambda: LiveCapture(source(), max_fps=None),  # type: ignore[arg-type]
            SourceHealth(link, stalled="source-error", still="source-frozen"),
            look=lambda _: None,
            when_lost=lambda: None,
            answer_s=0.01,
        )

    return make


def take_for_long(capture: TendedCapture[int]) -> None:
    end_s = time.monotonic() + 30.0
    while time.monotonic() < end_s:
        capture.take(0.02)


def test_a_driver_that_hangs_again_and_again_ends_the_process_and_keeps_few_threads(
    tend: Tend, ends: Ends, unplugged: threading.Event
) -> None:
    readers = []

    def hung() -> Iterator[int]:
        readers.append(threading.current_thread())
        unplugged.wait(60.0)
        yield 1

    with pytest.raises(SourceError, match=f"{MAX_LEFT_BEHIND} reads that never ended") as caught:
        take_for_long(tend(hung))
    assert blame_of(caught.value, is_ready=True) == "elsewhere", "it is no backend's fault"
    assert len(readers) == MAX_LEFT_BEHIND
    _, parent = ends
    told = parent.reports()
    assert [one.reason for one in told if isinstance(one, SourceState)] == [
        "the source's driver does not answer; found nothing for 0.01 s, not even a failure"
    ]


def test_a_reader_that_came_back_to_itself_is_not_held_against_the_driver(tend: Tend, ends: Ends) -> None:
    opened: list[threading.Event] = []

    def slow() -> Iterator[int]:
        opened.append(threading.Event())
        for earlier in opened[:-1]:
            earlier.set()
        opened[-1].wait(60.0)
        yield from ()

    capture = tend(slow)
    while len(opened) < 3 * MAX_LEFT_BEHIND:
        capture.take(0.02)
    opened[-1].set()
    capture.close()
    _, parent = ends
    assert sum(one.errors for one in parent.reports() if isinstance(one, Progress)) >= 3 * MAX_LEFT_BEHIND - 1


def test_a_camera_that_is_looked_at_rarely_is_not_taken_for_one_that_hangs(ends: Ends) -> None:
    link, parent = ends

    def camera() -> Iterator[int]:
        while True:
            time.sleep(0.001)  # its own pace
            yield 1

    capture: TendedCapture[int] = TendedCapture(
        lambda: LiveCapture(camera(), max_fps=0.001),  # type: ignore[arg-type]
        SourceHealth(link, stalled="source-error", still="source-frozen"),
        look=lambda _: None,
        when_lost=lambda: None,
        answer_s=0.3,
    )
    taken = [capture.take(0.05) for _ in range(20)]
    capture.close()
    assert sum(one is not None for one in taken) == 1
    assert not any(isinstance(one, SourceState) for one in parent.reports())

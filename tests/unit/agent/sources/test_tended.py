"""A camera that fails, stands still and comes back, as the pipeline and its parent see it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from msgspec.structs import replace

from skerry_edge.agent.config.sources import V4l2Source
from skerry_edge.agent.line.protocol import Finding, Progress, SourceState
from skerry_edge.agent.sources import scenes
from skerry_edge.agent.sources.scenes import open_capture
from skerry_edge.foundation.backoff import Backoff
from skerry_edge.foundation.errors import MissingError
from skerry_edge.foundation.source_error import SourceError
from skerry_edge.vision.errors import ImageError
from skerry_edge.vision.frames import Failure, Frame

SOURCE = V4l2Source(frozen_s=0.0)
UNPLUGGED = SourceError("unplugged", "the camera was unplugged", where="/dev/video0")
DAMAGED = Failure(source="/dev/video0", error=ImageError("the picture broke off"))


def frame(index: int = 0) -> Frame:
    pixels = np.full((4, 4, 3), index % 256, np.uint8)
    return Frame(source="/dev/video0", index=index, time_s=0.0, pixels=pixels, at_s=time.monotonic() - 0.5)


class ScriptedCamera:
    """Gives what its script holds, and raises what is an error."""

    def __init__(self, script: list) -> None:
        self._script = script

    def frames(self) -> Iterator[Frame | Failure]:
        for step in self._script:
            if isinstance(step, Exception):
                raise step
            yield step

    def close(self) -> None:
        return None


@pytest.fixture
def watch(ends, monkeypatch: pytest.MonkeyPatch, eventually: Callable[..., None]):
    """Return a function that takes from cameras, one script for each opening, until so many frames came."""
    monkeypatch.setattr("skerry_edge.agent.sources.reconnect.BACKOFF", Backoff(first_s=0.01, max_s=0.01))
    link, parent = ends

    def take(*scripts: list, frames: int) -> tuple:
        waiting, losses = list(scripts), []
        monkeypatch.setattr(scenes, "open_camera", lambda _: ScriptedCamera(waiting.pop(0)))
        capture = open_capture(SOURCE, link, when_lost=lambda: losses.append(1))
        taken, drops, reports = [], {}, []

        def step() -> bool:
            one = capture.take(0.01)
            if one is not None:
                taken.append(one)
            for cause, count in capture.drops().items():
                drops[cause] = drops.get(cause, 0) + count
            reports.extend(parent.reports())
            return len(taken) == frames

        eventually(step, what="the end of the script", deadline_s=20.0)
        reports.extend(parent.reports())
        capture.close()
        return taken, reports, drops, losses

    return take


def events(reports: list) -> list[str]:
    return [one.label for one in reports if isinstance(one, Finding)]


def states(reports: list) -> list[str | None]:
    return [one.reason for one in reports if isinstance(one, SourceState)]


def test_a_camera_that_fails_is_opened_again_and_the_parent_knows(watch) -> None:
    taken, reports, _, losses = watch([frame(1), UNPLUGGED], [UNPLUGGED], [frame(2), UNPLUGGED], frames=2)
    assert [one.item.item.index for one in taken] == [1, 2]
    assert events(reports) == ["source-error", "source-restored"]
    assert states(reports) == ["the camera was unplugged; in /dev/video0", None]
    assert sum(one.errors for one in reports if isinstance(one, Progress)) == 2
    assert len(losses) == 2


def test_a_camera_that_is_not_there_yet_is_waited_for(watch) -> None:
    absent = MissingError("there is no such camera", where="/dev/video0")
    _, reports, _, _ = watch([absent], [absent], [frame(), UNPLUGGED], frames=1)
    assert events(reports) == ["source-error", "source-restored"]


def test_another_reason_is_news_and_the_same_one_is_not(watch) -> None:
    busy = SourceError("busy", "the camera is in use")
    _, reports, _, _ = watch([UNPLUGGED], [UNPLUGGED], [busy], [busy], [frame(), UNPLUGGED], frames=1)
    assert events(reports) == ["source-error", "source-error", "source-restored"]
    assert states(reports)[-1] is None


def test_damaged_pictures_are_counted_and_not_shown(watch) -> None:
    taken, reports, drops, _ = watch([DAMAGED, DAMAGED, frame(), UNPLUGGED], frames=1)
    assert len(taken) == 1
    assert drops["damaged"] == 2
    assert events(reports) == []


def test_a_camera_that_gives_damaged_pictures_only_has_failed(watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenes, "MAX_DAMAGED", 3)
    _, reports, _, _ = watch([DAMAGED] * 5, [frame(), UNPLUGGED], frames=1)
    assert "damaged pictures only" in states(reports)[0]


def test_a_picture_is_dated_by_its_camera(watch) -> None:
    (one,), *_ = watch([frame(), UNPLUGGED], frames=1)
    assert one.took_ms >= 500
    assert time.monotonic() - one.at_s >= 0.5
    assert time.time_ns() // 1_000_000 - one.ts_ms >= 500


def test_a_frozen_camera_is_told_until_it_moves(ends, monkeypatch: pytest.MonkeyPatch, eventually) -> None:
    monkeypatch.setattr("skerry_edge.agent.sources.standstill.LOOK_EVERY_S", 0.0)
    link, parent = ends
    moving = []

    class Camera(ScriptedCamera):
        def frames(self) -> Iterator[Frame | Failure]:
            while True:
                time.sleep(0.01)
                picture = frame(moving[0] if moving else 0)
                yield Frame(source="x", index=0, time_s=0.0, pixels=picture.pixels, at_s=time.monotonic())

    monkeypatch.setattr(scenes, "open_camera", lambda _: Camera([]))
    capture = open_capture(replace(SOURCE, frozen_s=0.2), link, when_lost=lambda: None)
    reports: list = []

    def has(label: str) -> bool:
        capture.take(0.05)
        reports.extend(parent.reports())
        return label in events(reports)

    eventually(lambda: has("source-frozen"), what="the frozen camera")
    moving.append(7)
    eventually(lambda: has("source-restored"), what="the camera that moves")
    capture.close()
    assert "repeated one picture" in states(reports)[0]
    assert states(reports)[-1] is None


def test_a_driver_that_hangs_is_left_behind(ends, monkeypatch: pytest.MonkeyPatch, eventually) -> None:
    link, parent = ends
    opened: list[int] = []

    class Hanging(ScriptedCamera):
        def frames(self) -> Iterator[Frame | Failure]:
            opened.append(1)
            if len(opened) == 1:
                time.sleep(30)  # the thread is a daemon
            yield frame()

    monkeypatch.setattr(scenes, "_ANSWER_S", 0.0)
    monkeypatch.setattr("skerry_edge.agent.sources.reconnect.BACKOFF", Backoff(first_s=0.01, max_s=0.01))
    monkeypatch.setattr(scenes, "open_camera", lambda _: Hanging([]))
    capture = open_capture(replace(SOURCE, stall_s=0.2), link, when_lost=lambda: None)
    eventually(lambda: capture.take(0.05) is not None, what="a picture of the second attempt")
    capture.close()
    assert "does not answer" in states(parent.reports())[0]

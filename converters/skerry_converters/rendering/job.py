"""A run of the renderer: scenes or a drive, into a folder of labelled pictures, a video, or both."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from skerry_converters.rendering.canvas import Pixels
from skerry_converters.rendering.classes import SIGN_LABELS
from skerry_converters.rendering.datasets import open_writer
from skerry_converters.rendering.drive import DRIVE_RATE_HZ, drive
from skerry_converters.rendering.scene import Scene, SceneOptions, Split, render_scene
from skerry_converters.rendering.staging import filled_at_once
from skerry_edge.bench.annotations.dataset import Layout
from skerry_edge.foundation.termination import stop_requests
from skerry_edge.vision.geometry import Size
from skerry_edge.vision.video_file import VideoFile

Advance = Callable[[], object]
"""Called after each picture."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What to render, and where to; a ``video`` makes it a drive instead of single scenes."""

    count: int
    seed: int
    split: Split
    size: Size
    layout: Layout
    out: Path | None
    video: Path | None
    options: SceneOptions
    photographs: Sequence[Pixels] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """What came of it: ``signs`` by class, how many of all are ``difficult``, and pictures without any."""

    pictures: int
    signs: dict[str, int]
    difficult: int
    empty: int
    seconds: float

    @property
    def pictures_per_s(self) -> float:
        """How many pictures were rendered and written in a second."""
        return self.pictures / max(self.seconds, 1e-9)


def render_all(order: Order, advance: Advance) -> Summary:
    """Carry out ``order``. Raises ConfigError for a folder in use, ReachError where something cannot be written.

    After an error or a signal that asks for the end, what was to be written is not there, neither whole nor in part.
    """
    began = time.monotonic()
    signs, difficult, empty = Counter[str](), 0, 0
    with ExitStack() as stack:
        stop = stack.enter_context(stop_requests())
        sinks = _sinks(order, stack)
        for number, scene in enumerate(_scenes(order)):
            for sink in sinks:
                sink(number, scene)
            signs.update(SIGN_LABELS[one.class_id] for one in scene.objects)
            difficult += sum(one.difficult for one in scene.objects)
            empty += not scene.objects
            advance()
            stop.obey()
    return Summary(
        pictures=order.count,
        signs={label: signs[label] for label in SIGN_LABELS},
        difficult=difficult,
        empty=empty,
        seconds=time.monotonic() - began,
    )


def _scenes(order: Order) -> Iterator[Scene]:
    if order.video is not None:
        return islice(drive(order.seed, split=order.split, size=order.size), order.count)
    return (
        render_scene(
            order.seed,
            index,
            split=order.split,
            size=order.size,
            options=order.options,
            photographs=order.photographs,
        )
        for index in range(order.count)
    )


def _sinks(order: Order, stack: ExitStack) -> list[Callable[[int, Scene], None]]:
    sinks: list[Callable[[int, Scene], None]] = []
    if order.out is not None:
        folder = stack.enter_context(filled_at_once(order.out))
        writer = open_writer(folder, order.layout, SIGN_LABELS)
        stack.push(lambda kind, *_: writer.close() if kind is None else None)
        digits = max(6, len(str(order.count - 1)))
        sinks.append(lambda number, scene: writer.add(f"{number:0{digits}d}", scene))
    if order.video is not None:
        video = VideoFile(order.video, rate_hz=DRIVE_RATE_HZ, size=order.size)
        stack.push(lambda kind, *_: video.close() if kind is None else video.discard())
        sinks.append(lambda _, scene: video.add(scene.pixels))
    return sinks

"""Counts of what is there, once they have lasted."""

from __future__ import annotations

from typing import Any

from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.config.sources import ImagesSource
from skerry_edge.agent.config.vision import EventsConfig, ZoneConfig
from skerry_edge.agent.line.protocol import Counts
from skerry_edge.agent.watching.census import Census
from skerry_edge.agent.watching.debounce import Debounced
from skerry_edge.agent.watching.story import Present

DRIVE = ZoneConfig(name="drive", points=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)))


def census(**changes: Any) -> Census:
    return Census(
        DetectionPipeline(
            name="gate",
            model="any.skerry",
            source=ImagesSource(path="/pictures"),
            events=EventsConfig(debounce_s=0.5),
            **changes,
        )
    )


def one(label: str = "car", *zones: str) -> Present:
    return Present(track=None, label=label, zones=zones)  # type: ignore[arg-type]


def test_a_count_is_told_when_it_has_lasted_and_once() -> None:
    counting = census(zones=(DRIVE,))
    assert counting.count([], 0.0) == Counts(everywhere={}, zones={"drive": {}})
    assert counting.count([one("car", "drive"), one("car")], 0.1) == Counts(
        everywhere={"car": 0}, zones={"drive": {"car": 0}}
    )
    assert counting.count([one("car", "drive"), one("car")], 0.5) is None
    assert counting.count([one("car", "drive"), one("car")], 0.6) == Counts(
        everywhere={"car": 2}, zones={"drive": {"car": 1}}
    )
    assert counting.count([one("car", "drive"), one("car")], 0.7) is None


def test_what_flickers_is_not_told() -> None:
    counting = census(labels=("car",))
    assert counting.count([], 0.0) == Counts(everywhere={"car": 0}, zones={})
    assert [counting.count([one()] * (step % 2), step * 0.3) for step in range(1, 10)] == [None] * 9


def test_a_label_that_is_looked_for_is_zero_from_the_beginning_and_again_when_all_are_gone() -> None:
    counting = census(labels=("car", "dog"))
    assert counting.count([], 0.0) == Counts(everywhere={"car": 0, "dog": 0}, zones={})
    counting.count([one()], 1.0)
    assert counting.count([one()], 2.0) == Counts(everywhere={"car": 1, "dog": 0}, zones={})
    assert counting.clear() == Counts(everywhere={"car": 0, "dog": 0}, zones={})
    assert counting.clear() is None


def test_a_value_holds_until_another_has_lasted_without_a_break() -> None:
    held = Debounced(0, 1.0)
    assert [
        held.give(value, now_s) for value, now_s in ((1, 0.0), (1, 0.9), (0, 0.95), (1, 1.0), (1, 1.9), (1, 2.0))
    ] == [
        0,
        0,
        0,
        0,
        0,
        1,
    ]
    assert Debounced("a", 0.0).give("b", 0.0) == "b"

"""An object's life as events: its begin, what is worth an update, and its end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.config.sources import ImagesSource
from skerry_edge.agent.config.vision import EventsConfig, ZoneConfig
from skerry_edge.agent.watching.story import Storyteller, Told
from skerry_edge.vision.tracking.tracker import Box, Rules, Tracker

LEFT = ZoneConfig(name="left", points=((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))
RIGHT = ZoneConfig(name="right", points=((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))
PIPELINE = DetectionPipeline(
    name="gate",
    model="any.skerry",
    source=ImagesSource(path="/pictures"),
    zones=(LEFT, RIGHT),
    events=EventsConfig(debounce_s=0.3, update_interval_s=0.0),
)
LABELS = ("person", "car")


class Stage:
    """A storyteller behind a tracker: each `show` is one picture, a tenth of a second after the one before."""

    def __init__(self, config: DetectionPipeline = PIPELINE) -> None:
        self.storyteller = Storyteller(config, LABELS.__getitem__)
        self._tracker = Tracker(Rules(min_iou=0.1, lost_after_s=0.5))
        self._count = 0

    def show(self, *boxes: Box) -> list[Told]:
        now_s = self._count * 0.1
        self._count += 1
        return self.storyteller.follow(self._tracker.update(boxes, now_s), now_s=now_s, ts_ms=round(now_s * 1000))


def at(x: float, *, score: float = 0.8, class_id: int = 0) -> Box:
    return Box(edges=(x - 0.2, 0.3, x + 0.2, 0.7), class_id=class_id, score=score, is_good=True)


def with_events(**changes: object) -> DetectionPipeline:
    return replace(PIPELINE, events=replace(PIPELINE.events, **changes))


def test_what_comes_and_goes_is_told_by_a_begin_and_an_end() -> None:
    stage = Stage()
    (begin,) = stage.show(at(0.25))
    assert (begin.phase, begin.label, begin.after.zones, begin.before, begin.is_good_look) == (
        "begin",
        "person",
        ("left",),
        None,
        True,
    )
    assert all(stage.show() == [] for _ in range(5))
    (end,) = stage.show()
    assert (end.phase, end.track, end.ts_ms, end.began_ms, end.after.zones) == ("end", begin.track, 0, 0, ())
    assert end.before == begin.after


def test_what_is_seen_too_briefly_is_never_told() -> None:
    stage = Stage(with_events(min_duration_s=0.25))
    told = [one for boxes in [[at(0.25)]] * 3 + [[]] * 8 for one in stage.show(*boxes)]
    assert told == []
    stage = Stage(with_events(min_duration_s=0.25))
    told = [one for boxes in [[at(0.25)]] * 4 + [[]] * 8 for one in stage.show(*boxes)]
    assert [(one.phase, one.ts_ms) for one in told] == [("begin", 300), ("end", 300)]


def test_another_zone_is_an_update_with_the_zones_before_and_after() -> None:
    stage = Stage()
    stage.show(at(0.45))
    told = [one for _ in range(5) for one in stage.show(at(0.55))]
    (update,) = told
    assert (update.phase, update.before.zones, update.after.zones) == ("update", ("left",), ("right",))
    assert update.ts_ms == 400


def test_swaying_on_the_line_between_two_zones_is_no_news() -> None:
    stage = Stage()
    stage.show(at(0.45))
    assert [stage.show(at(0.55 if count % 2 else 0.45)) for count in range(12)] == [[]] * 12


def test_a_notably_better_look_is_an_update_and_a_slightly_better_one_is_not() -> None:
    stage = Stage()
    stage.show(at(0.25, score=0.6))
    assert stage.show(at(0.25, score=0.65)) == []
    (update,) = stage.show(at(0.25, score=0.75))
    assert (update.phase, update.after.score, update.before.score, update.is_good_look) == ("update", 0.75, 0.6, True)
    assert stage.show(at(0.25, score=0.8)) == []


def test_updates_keep_their_distance_and_nothing_is_lost_by_it() -> None:
    stage = Stage(with_events(update_interval_s=1.0, debounce_s=0.0))
    stage.show(at(0.25))
    told = [one for _ in range(12) for one in stage.show(at(0.55))]
    assert [(one.phase, one.ts_ms, one.after.zones) for one in told] == [("update", 1000, ("right",))]


def test_what_never_was_in_a_wanted_zone_is_never_told_and_then_is() -> None:
    stage = Stage(with_events(zones=("right",)))
    assert [stage.show(at(0.4)) for _ in range(5)] == [[]] * 5
    told = [one for _ in range(5) for one in stage.show(at(0.6))]
    assert [(one.phase, one.after.zones) for one in told] == [("begin", ("right",))]


def test_a_zone_for_some_labels_does_not_hold_others() -> None:
    stage = Stage(replace(PIPELINE, zones=(replace(LEFT, labels=("car",)), RIGHT)))
    assert stage.show(at(0.25))[0].after.zones == ()
    assert stage.show(at(0.25, class_id=1))[0].after.zones == ("left",)


def test_objects_stand_on_their_foot_or_float_at_their_centre() -> None:
    low = ZoneConfig(name="low", points=((0.0, 0.6), (1.0, 0.6), (1.0, 1.0), (0.0, 1.0)))
    assert Stage(replace(PIPELINE, zones=(low,))).show(at(0.5))[0].after.zones == ("low",)
    assert Stage(replace(PIPELINE, zones=(low,), anchor="centre")).show(at(0.5))[0].after.zones == ()


def test_at_the_end_of_all_every_object_that_was_told_ends_once() -> None:
    stage = Stage(with_events(min_duration_s=0.1))
    stage.show(at(0.25))
    stage.show(at(0.25), at(0.75))
    assert [(one.phase, one.track) for one in stage.storyteller.end_all()] == [("end", 1)]
    assert stage.storyteller.end_all() == []
    assert stage.storyteller.present == []


pictures = st.lists(
    st.lists(st.builds(at, st.floats(0.2, 0.8), score=st.floats(0.5, 1.0), class_id=st.integers(0, 1)), max_size=3),
    max_size=25,
)


@settings(deadline=None)
@given(pictures, st.sampled_from([0.0, 0.2]), st.sampled_from([0.0, 0.3]))
def test_every_life_is_one_begin_then_updates_then_one_end(
    shown, min_duration_s: float, update_interval_s: float
) -> None:
    stage = Stage(with_events(min_duration_s=min_duration_s, update_interval_s=update_interval_s))
    told = [one for boxes in shown for one in stage.show(*boxes)] + stage.storyteller.end_all()
    lives: dict[int, list[Told]] = {}
    for one in told:
        lives.setdefault(one.track, []).append(one)
    for life in lives.values():
        phases = [one.phase for one in life]
        assert phases == ["begin", *["update"] * (len(phases) - 2), "end"]
        assert [one.before for one in life[1:]] == [one.after for one in life[:-1]]
        assert [one.after.score for one in life] == sorted(one.after.score for one in life)
        assert len({one.began_ms for one in life}) == 1


@pytest.mark.parametrize("lasting_s", [0.0, 1.0])
def test_who_is_present_has_begun_and_not_ended(lasting_s: float) -> None:
    stage = Stage(with_events(min_duration_s=lasting_s))
    stage.show(at(0.25))
    assert len(stage.storyteller.present) == (0 if lasting_s else 1)

"""The demo's judgement: detections held against the truth of the drive."""

from __future__ import annotations

import pytest

from skerry_server.demo.agreement import Agreement, Look, Named, frame_of, iou, judge
from skerry_server.demo.drive import Sign, Truth

GAP_S = 1.0
BEGAN_MS = 50_000
"""When frame 0 was captured; a frame is 100 ms."""


def box_at(frame, x=0.5):
    """A sign that grows while one drives up to it."""
    half = 0.02 + 0.002 * frame
    return (x - half, 0.4 - half, x + half, 0.4 + half)


def signs(label, frames, *, x=0.5, unread=()):
    return [Sign(frame=frame, label=label, box=box_at(frame, x), counts=frame not in unread) for frame in frames]


def truth(*signs_of_all, frames=100):
    return Truth(frames=frames, signs=tuple(one for part in signs_of_all for one in part))


def named(label, frame, *, x=0.5):
    return Named(ts_ms=BEGAN_MS + 100 * frame, label=label, box=box_at(frame, x))


def looks(until=100):
    """A heartbeat every two seconds, on an agent that keeps up."""
    return [Look(ts_ms=BEGAN_MS + 100 * (frames - 1), frames=frames) for frames in range(20, until + 1, 20)]


def test_a_sign_that_is_named_where_and_when_it_stands_is_found():
    drive = truth(signs("stop", range(10, 30)), signs("give-way", range(50, 70), x=0.8))
    events = [named("stop", 12), named("give-way", 55, x=0.8)]
    assert judge(drive, events, looks(), gap_s=GAP_S) == Agreement(shown=2, found=2, events=2, wrong=0)


@pytest.mark.parametrize(
    "event",
    [
        named("give-way", 12),
        named("stop", 12, x=0.9),
        Named(ts_ms=BEGAN_MS + 6_000, label="stop", box=box_at(12)),
    ],
    ids=["another name", "another place", "another time"],
)
def test_a_detection_that_fits_no_sign_is_wrong_and_finds_nothing(event):
    drive = truth(signs("stop", range(10, 30)))
    assert judge(drive, [event], looks(), gap_s=GAP_S) == Agreement(shown=1, found=0, events=1, wrong=1)


def test_one_event_stands_for_as_long_as_its_label_is_in_sight_and_not_for_the_next_time():
    drive = truth(signs("stop", range(10, 30)), signs("stop", range(35, 45)), signs("stop", range(70, 90)))
    assert judge(drive, [named("stop", 12)], looks(), gap_s=GAP_S) == Agreement(shown=2, found=1, events=1, wrong=0)


def test_a_sign_that_could_hardly_be_read_is_neither_missed_nor_wrong():
    drive = truth(signs("stop", range(10, 30), unread=range(14, 30)))
    assert judge(drive, [named("stop", 20)], looks(), gap_s=GAP_S) == Agreement(shown=0, found=0, events=1, wrong=0)


def test_a_sign_that_is_seen_before_it_must_be_is_found():
    drive = truth(signs("stop", range(10, 30), unread=range(10, 20)))
    assert judge(drive, [named("stop", 12)], looks(), gap_s=GAP_S).found == 1


def test_what_was_not_passed_yet_does_not_count_as_shown():
    drive = truth(signs("stop", range(10, 30)), signs("give-way", range(50, 70)))
    assert judge(drive, [], looks(until=60), gap_s=GAP_S).shown == 1
    assert judge(drive, [], [], gap_s=GAP_S).shown == 0


def test_later_rounds_show_nothing_new():
    drive = truth(signs("stop", range(10, 30)), frames=40)
    events = [named("stop", 12), Named(ts_ms=BEGAN_MS + 5_200, label="stop", box=box_at(12))]
    assert judge(drive, events, looks(), gap_s=GAP_S) == Agreement(shown=1, found=1, events=1, wrong=0)


def test_a_sign_at_the_very_end_of_the_drive_counts_when_the_drive_was_played_to_its_end():
    drive = truth(signs("stop", range(80, 100)))
    assert judge(drive, [], looks(), gap_s=GAP_S).shown == 1


def test_a_time_is_placed_by_the_heartbeat_after_it():
    assert frame_of(BEGAN_MS + 1_200, looks()) == pytest.approx(12)
    assert frame_of(BEGAN_MS + 99_000, looks()) is None


def test_an_agent_that_lags_is_never_placed_before_what_it_had_looked_at():
    slow = [Look(ts_ms=10_000, frames=50), Look(ts_ms=20_000, frames=60)]
    assert frame_of(10_001, slow) == 50
    assert frame_of(20_000, slow) == 59


@pytest.mark.parametrize(("shown", "found", "is_good"), [(0, 0, False), (4, 1, False), (4, 2, True), (1, 1, True)])
def test_half_of_what_was_shown_must_be_named_rightly(shown, found, is_good):
    assert Agreement(shown=shown, found=found, events=found, wrong=0).is_good is is_good


@pytest.mark.parametrize(("wrong", "is_good"), [(0, True), (3, True), (4, False), (90, False)])
def test_a_detector_that_sees_signs_everywhere_is_not_good(wrong, is_good):
    assert Agreement(shown=4, found=4, events=4 + wrong, wrong=wrong).is_good is is_good


def test_the_overlap_of_boxes():
    assert iou((0.0, 0.0, 0.2, 0.2), (0.1, 0.0, 0.3, 0.2)) == pytest.approx(1 / 3)
    assert iou((0.0, 0.0, 0.2, 0.2), (0.2, 0.2, 0.3, 0.3)) == 0.0
    assert iou((0.1, 0.1, 0.1, 0.1), (0.0, 0.0, 1.0, 1.0)) == 0.0

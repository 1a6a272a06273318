"""The verdict of the self-test."""

from __future__ import annotations

from dataclasses import replace

import pytest

from skerry_edge.ota.machine.limits import Limits
from skerry_edge.ota.self_test.judging import verdict
from skerry_edge.ota.self_test.measured import Measured, Object, Word, iou

DISC = Object(label="red disc", score=0.9, box_px=(10.0, 10.0, 30.0, 30.0))
OTHER = Object(label="blue disc", score=0.8, box_px=(50.0, 50.0, 70.0, 70.0))
PRESENT = Measured(
    sqnr_db=90.0,
    needed_db=60.0,
    inference_ms=20.0,
    peak_mb=200.0,
    labels=("red disc", "blue disc"),
    seen=((DISC, OTHER), ()),
)


def reason(new: Measured, present: Measured | None = PRESENT, free_mb: float | None = 1000.0) -> str | None:
    found = verdict(present, new, Limits(), free_mb=free_mb)
    return found.reason if found else None


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (PRESENT, None),
        (replace(PRESENT, sqnr_db=59.9), "golden"),
        (replace(PRESENT, inference_ms=60.1), "budget"),
        (replace(PRESENT, inference_ms=59.9), None),
        (replace(PRESENT, peak_mb=701.0), "budget"),
        (replace(PRESENT, seen=((), ())), "accuracy"),
        (replace(PRESENT, seen=((OTHER,), ())), None),
        (replace(PRESENT, seen=((replace(DISC, box_px=(12.0, 12.0, 32.0, 32.0)), OTHER), ())), None),
        (replace(PRESENT, seen=((replace(DISC, label="blue disc"),), ())), "accuracy"),
        (replace(PRESENT, labels=("red disc", "stop sign")), "accuracy"),
        (replace(PRESENT, labels=("blue disc", "green disc", "red disc")), None),
        (replace(PRESENT, seen=((DISC, OTHER), (DISC,) * 10)), None),
        (replace(PRESENT, seen=((DISC, OTHER), (DISC,) * 30)), "accuracy"),
        (replace(PRESENT, seen=((DISC, OTHER), (replace(DISC, score=0.4),) * 30)), None),
    ],
)
def test_a_model_that_is_no_match_for_the_present_one_is_not_switched_to(new: Measured, expected: str | None) -> None:
    assert reason(new) == expected


ALEXA = Word(label="Alexa", score=0.95, time_s=3.2)
EAR = Measured(sqnr_db=40.0, needed_db=20.0, inference_ms=8.0, peak_mb=90.0, labels=("Alexa",), seen=((ALEXA,), ()))


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (EAR, None),
        (replace(EAR, seen=((replace(ALEXA, time_s=3.9, score=0.7),), ())), None),
        (replace(EAR, seen=((ALEXA,), (ALEXA,))), None),
        (replace(EAR, seen=((), ())), "accuracy"),
        (replace(EAR, seen=((replace(ALEXA, time_s=0.4),), ())), "accuracy"),
        (replace(EAR, seen=((ALEXA, replace(ALEXA, time_s=1.0)), (replace(ALEXA, time_s=0.5),))), "accuracy"),
        (replace(EAR, inference_ms=24.1), "budget"),
        (replace(EAR, unproved="it does not hear 'Alexa' in its own golden recording"), "golden"),
    ],
    ids=["same", "later", "one more", "deaf", "elsewhere", "everywhere", "slow", "unproved"],
)
def test_a_wake_word_s_model_must_hear_what_the_present_one_hears_and_little_else(
    new: Measured, expected: str | None
) -> None:
    assert reason(new, present=EAR) == expected


def test_who_may_lose_labels_is_held_to_those_that_it_has() -> None:
    other = replace(PRESENT, labels=("blue disc",), seen=((OTHER,), ()))
    lenient = Limits(keeps_labels=False)
    assert verdict(PRESENT, other, lenient, free_mb=1000.0) is None
    assert verdict(PRESENT, replace(other, seen=((), ())), lenient, free_mb=1000.0).reason == "accuracy"


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (((DISC,),) * 3, ((DISC,),) * 3, None),
        (((DISC,),) * 6, ((), (), (), (), (DISC,), (DISC,)), "accuracy"),
        (((DISC,),) * 2, ((), ()), None),
        (((DISC,),) * 3, ((DISC,) * 11,) * 3, "accuracy"),
        (((),) * 8, ((DISC,) * 3,) * 8, None),
    ],
    ids=["as before", "blind where the device stands", "too little to tell", "sees what is not there", "sees more"],
)
def test_what_the_device_saw_last_is_seen_again_whatever_the_golden_pictures_show(
    before: tuple[tuple[Object, ...], ...], now: tuple[tuple[Object, ...], ...], expected: str | None
) -> None:
    golden = ((DISC, OTHER) * 10, ())
    present = replace(PRESENT, seen=golden, live=before)
    assert reason(replace(PRESENT, seen=golden, live=now), present) == expected


def test_without_a_present_model_it_must_only_compute_what_it_did_when_it_was_made() -> None:
    slow = replace(PRESENT, inference_ms=9000.0, seen=((), ()))
    assert reason(slow, present=None) is None
    assert reason(replace(slow, sqnr_db=3.0), present=None) == "golden"


def test_boxes_overlap_as_areas_do() -> None:
    assert iou((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert iou((0, 0, 1, 1), (1, 1, 2, 2)) == 0.0
    assert iou((0, 0, 0, 0), (0, 0, 0, 0)) == 0.0

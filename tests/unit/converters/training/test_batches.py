"""Batches out of the memory of pictures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from skerry_converters.training.batches import Batch, Batches, collated
from skerry_converters.training.config import AugmentationPart, LearningPart, Stage
from skerry_converters.training.replay import ReplayPlan
from skerry_converters.training.samples import Sample
from skerry_converters.training.schedule import Position, Schedule

PLAN = ReplayPlan(capacity=20, first=8, reuse=2, length=None)
SCHEDULE = Schedule([Stage(side_px=64, steps=1000, batch=4)], LearningPart())


class Numbered:
    """A feed whose sample ``n`` is all of grey ``n``, with one box."""

    def __init__(self, sample: Callable[..., Sample], start: int) -> None:
        self._sample = sample
        self.given = start

    def next(self) -> Sample:
        made = self._sample((8, 8, 40, 40))
        made.pixels[:] = self.given % 256
        self.given += 1
        return made


def at(step: int) -> Position:
    return Position(step=step, images=4 * step)


def run(feed: Numbered, steps: range, *, mosaic: float = 0.0) -> list[Batch]:
    batches = Batches(feed, PLAN, AugmentationPart(mosaic=mosaic), seed=7)
    moment = SCHEDULE.at(at(0))
    assert moment is not None
    return [batches.batch(at(step), moment) for step in steps]


def greys(batch: Batch) -> set[int]:
    return set(batch.images[:, 32, 32, 0].tolist())


def test_pictures_are_taken_as_the_plan_says(sample: Callable[..., Sample]) -> None:
    feed = Numbered(sample, 0)
    made = run(feed, range(30))
    assert feed.given == PLAN.window(at(29).images).stop
    for step, batch in enumerate(made):
        assert greys(batch) <= set(PLAN.window(at(step).images))
    assert len(set().union(*map(greys, made))) > 40


def test_a_run_that_goes_on_has_the_batches_that_it_would_have_had(sample: Callable[..., Sample]) -> None:
    whole = run(Numbered(sample, 0), range(25), mosaic=0.5)
    resumed = run(Numbered(sample, PLAN.window(at(15).images).start), range(15, 25), mosaic=0.5)
    for before, after in zip(whole[15:], resumed, strict=True):
        assert np.array_equal(before.images, after.images)
        assert np.array_equal(before.boxes, after.boxes)


def test_another_step_is_another_batch(sample: Callable[..., Sample]) -> None:
    first, second = run(Numbered(sample, 0), range(2))
    assert not np.array_equal(first.images, second.images)


def test_a_batch_is_red_green_blue_with_boxes_as_shares(sample: Callable[..., Sample]) -> None:
    one = sample((16, 8, 48, 40), class_ids=[2])
    one.pixels[..., 2] = 200
    batch = collated([one, sample()])
    assert batch.images[0, 0, 0].tolist() == [200, 90, 90]
    assert batch.boxes[0, 0].tolist() == pytest.approx([0.5, 0.375, 0.5, 0.5])
    assert batch.class_ids[0, 0] == 2
    assert batch.counts.sum() == 1
    assert not batch.boxes[1].any()

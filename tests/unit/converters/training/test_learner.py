"""A network that learns: steps, their moving average, and what happens where numbers run away."""

from __future__ import annotations

import numpy as np
import pytest

from skerry_converters.layers import Network
from skerry_converters.training.batches import Batch
from skerry_converters.training.config import LearningPart, LossPart, Stage
from skerry_converters.training.convolutions import fresh
from skerry_converters.training.learner import DivergedError, Learner
from skerry_converters.training.schedule import Moment


def moment(*, rate: float = 0.005, ema: float = 0.5) -> Moment:
    stage = Stage(side_px=64, steps=100)
    return Moment(stage=stage, stage_number=0, done=0.0, learning_rate=rate, ema=ema)


@pytest.fixture
def batch() -> Batch:
    """Four pictures with one object each, told by its brightness."""
    random = np.random.default_rng(1)
    images = random.integers(0, 60, (4, 64, 64, 3), dtype=np.uint8)
    boxes = np.zeros((4, 8, 4), np.float32)
    class_ids, counts = np.zeros((4, 8), np.int32), np.zeros((4, 8), np.bool_)
    for number in range(4):
        x, y = random.integers(16, 48, 2)
        images[number, y - 10 : y + 10, x - 10 : x + 10] = 120 + 40 * (number % 3)
        boxes[number, 0] = (x / 64, y / 64, 20 / 64, 20 / 64)
        class_ids[number, 0], counts[number, 0] = number % 3, True
    return Batch(images=images, boxes=boxes, class_ids=class_ids, counts=counts)


@pytest.fixture
def learner(network: Network) -> Learner:
    return Learner(network, fresh(network, 0), LearningPart(), LossPart())


def loss(figures: dict[str, float]) -> float:
    return sum(value for name, value in figures.items() if name != "gradient")


def test_it_learns_a_few_pictures_by_heart(learner: Learner, batch: Batch) -> None:
    losses = [loss(learner.step(batch, moment(), anchor_pull=0.0)) for _ in range(80)]
    assert losses[-1] < losses[0] / 3


def test_what_it_infers_is_the_average_of_its_steps(learner: Learner, batch: Batch) -> None:
    before = learner.infer(batch.images)
    learner.step(batch, moment(ema=1.0), anchor_pull=0.0)
    assert np.array_equal(learner.infer(batch.images), before)
    learner.step(batch, moment(ema=0.5), anchor_pull=0.0)
    assert not np.allclose(learner.infer(batch.images), before)


def test_from_a_saved_state_it_goes_on_as_if_nothing_had_happened(
    network: Network, learner: Learner, batch: Batch
) -> None:
    for _ in range(3):
        learner.step(batch, moment(), anchor_pull=1.0)
    state = learner.state()
    other = Learner(network, fresh(network, 9), LearningPart(), LossPart())
    other.restore(state)
    for _ in range(3):
        learner.step(batch, moment(), anchor_pull=1.0)
        other.step(batch, moment(), anchor_pull=1.0)
    for one, same in zip(learner.state(), other.state(), strict=True):
        assert np.allclose(one, same, rtol=1e-4, atol=1e-6)


def test_a_loss_that_is_no_number_stops_it_and_leaves_it_as_it_was(learner: Learner, batch: Batch) -> None:
    learner.step(batch, moment(), anchor_pull=0.0)
    state = learner.state()
    batch.boxes[2, 0, 2] = np.nan
    with pytest.raises(DivergedError, match=r"smaller learning\.rate") as raised:
        learner.step(batch, moment(), anchor_pull=0.0)
    assert "nan" in str(raised.value)
    assert all(np.array_equal(one, same) for one, same in zip(learner.state(), state, strict=True))


def test_only_kernels_decay(network: Network, batch: Batch) -> None:
    idle = LearningPart(weight_decay=0.5, clip_norm=1e-30)
    learner = Learner(network, fresh(network, 0), idle, LossPart())
    before = learner.state()
    for _ in range(3):
        learner.step(batch, moment(rate=0.01), anchor_pull=0.0)
    (kernel, bias, scale), (old_kernel, old_bias, old_scale) = learner.state()[:3], before[:3]
    assert np.allclose(kernel, old_kernel * (1 - 0.5 * 0.01) ** 3, rtol=1e-4)
    assert np.allclose(bias, old_bias)
    assert np.allclose(scale, old_scale)


def test_a_state_of_another_network_is_refused(learner: Learner) -> None:
    with pytest.raises(ValueError, match="shorter"):
        learner.restore(learner.state()[:-1])

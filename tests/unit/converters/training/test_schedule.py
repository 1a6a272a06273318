"""Where in its schedule a run is."""

from __future__ import annotations

import pytest

from skerry_converters.training.config import LearningPart, Stage
from skerry_converters.training.schedule import Position, Schedule

STEPS = (Stage(side_px=224, steps=100), Stage(side_px=416, steps=300))
MINUTES = (Stage(side_px=224, minutes=10), Stage(side_px=416, minutes=30))
LEARNING = LearningPart(rate=0.01, warmup_steps=20, final_share=0.1, ema=0.99)


def test_a_stage_follows_the_other_after_its_steps() -> None:
    schedule = Schedule(STEPS, LEARNING)
    assert [schedule.at(Position(step=step)).stage.side_px for step in (0, 99, 100, 399)] == [224, 224, 416, 416]  # type: ignore[union-attr]  # all before the end
    assert schedule.at(Position(step=400)) is None


def test_stages_in_minutes_go_by_the_time_that_was_trained() -> None:
    schedule = Schedule(MINUTES, LEARNING)
    moments = [schedule.at(Position(step=5, trained_s=60.0 * minutes)) for minutes in (0, 9.9, 10, 39.9, 40)]
    assert [one and one.stage_number for one in moments] == [0, 0, 1, 1, None]


def test_the_rate_rises_then_falls_along_a_cosine_to_its_final_share() -> None:
    schedule = Schedule(STEPS, LEARNING)
    rates = [schedule.at(Position(step=step)).learning_rate for step in range(400)]  # type: ignore[union-attr]  # as above
    assert rates[0] == pytest.approx(0.01 / 20, rel=0.01)
    assert max(rates) == pytest.approx(0.01, rel=0.02)
    assert rates[200] == pytest.approx(0.01 * 0.55)
    assert rates[-1] == pytest.approx(0.01 * 0.1, rel=0.01)
    assert rates[20:] == sorted(rates[20:], reverse=True)


def test_the_average_is_short_at_first_so_that_the_first_weights_are_forgotten() -> None:
    schedule = Schedule(STEPS, LEARNING)
    shares = [schedule.at(Position(step=step)).ema for step in (0, 10, 399)]  # type: ignore[union-attr]  # as above
    assert shares[0] == pytest.approx(0.1)
    assert shares[1] == pytest.approx(11 / 20)
    assert shares[2] < 0.99
    assert Schedule(STEPS, LearningPart(ema=0.5)).at(Position(step=300)).ema == 0.5  # type: ignore[union-attr]  # as above

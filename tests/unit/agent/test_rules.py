"""When what is seen becomes an event."""

from __future__ import annotations

from skerry_edge.agent.rules import AppearanceRule, Sighting


def labels(sightings: list[Sighting]) -> list[str]:
    return [one.label for one in sightings]


def test_a_label_is_reported_when_it_appears_and_not_while_it_stays() -> None:
    rule = AppearanceRule(hold_s=2.0)
    assert labels(rule.judge([Sighting(label="car")], 0.0)) == ["car"]
    assert rule.judge([Sighting(label="car")], 1.0) == []
    assert rule.judge([Sighting(label="car")], 2.5) == []


def test_a_short_absence_is_no_new_appearance() -> None:
    rule = AppearanceRule(hold_s=2.0)
    rule.judge([Sighting(label="car")], 0.0)
    rule.judge([], 1.0)
    assert rule.judge([Sighting(label="car")], 2.0) == []


def test_a_label_is_reported_again_after_it_was_absent_for_longer_than_the_hold() -> None:
    rule = AppearanceRule(hold_s=2.0)
    rule.judge([Sighting(label="car")], 0.0)
    rule.judge([], 1.0)
    assert labels(rule.judge([Sighting(label="car")], 2.1)) == ["car"]


def test_labels_are_judged_apart() -> None:
    rule = AppearanceRule(hold_s=2.0)
    rule.judge([Sighting(label="car")], 0.0)
    assert labels(rule.judge([Sighting(label="car"), Sighting(label="dog")], 0.1)) == ["dog"]


def test_the_best_scored_of_a_label_stands_for_it() -> None:
    best = Sighting(label="car", score=0.9, box=(0.1, 0.1, 0.2, 0.2))
    others = [Sighting(label="car", score=0.5), Sighting(label="car", score=0.7)]
    assert AppearanceRule(hold_s=2.0).judge([others[0], best, others[1]], 0.0) == [best]


def test_without_a_hold_every_later_picture_reports_anew() -> None:
    rule = AppearanceRule(hold_s=0.0)
    rule.judge([Sighting(label="car")], 0.0)
    assert labels(rule.judge([Sighting(label="car")], 0.1)) == ["car"]

"""Alerts, decided: when a reading fires, when it is over, what keeps it quiet in between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_server.alerts.judgement import Key, Memory, Moment, Open, damped_s, judge
from skerry_server.alerts.readings import Reading
from skerry_server.alerts.rules import rules_of
from skerry_server.config.alerts import Alerts, Rule

KEY = Key("hot", "cam-1", "")


class Course:
    """One reading over time; what `judge` says is remembered as the lookout does."""

    def __init__(self, **rule):
        table = Rule(**({"name": "hot", "kind": "temperature", "for_s": 60, "clear_s": 30} | rule))
        (self.rule,) = rules_of(Alerts(with_defaults=False, rule=(table,)))
        self.lasting, self.clocks, self.firings, self.now_s = {}, {}, {}, 0.0
        self.causes = []

    def read(self, value, after_s=10.0, since_s=None):
        """Return what happens: "fires", "worse", "over" or nothing."""
        self.now_s += after_s
        now = Moment(mono_s=self.now_s, wall_ms=round(self.now_s * 1000))
        since_ms = None if since_s is None else round(since_s * 1000)
        reading = Reading("cam-1", "", value, since_ms)
        verdict = judge([(self.rule, [reading])], Memory(self.lasting, self.clocks, self.firings), now)
        self.clocks = verdict.clocks
        self.causes += [*verdict.began, *verdict.worse.values()]
        if verdict.began:
            self.lasting = {KEY: Open(id=1, severity=verdict.began[0].severity)}
            self.firings[KEY] = self.firings.get(KEY, 0) + 1
            return "fires"
        if verdict.worse:
            self.lasting = {KEY: Open(id=1, severity=verdict.worse[1].severity)}
            return "worse"
        if verdict.over:
            self.lasting = {}
            return "over"
        return None


def test_it_fires_after_its_time_and_is_over_after_being_well_for_as_long_as_asked():
    course = Course()
    assert [course.read(85) for _ in range(7)] == [None] * 6 + ["fires"]
    assert [course.read(85), course.read(77), course.read(77)] == [None] * 3
    assert [course.read(75) for _ in range(4)] == [None] * 3 + ["over"]


def test_between_both_thresholds_nothing_changes_and_every_wait_begins_anew():
    course = Course()
    assert [course.read(85) for _ in range(6)] == [None] * 6
    assert course.read(78) is None
    assert [course.read(85) for _ in range(7)] == [None] * 6 + ["fires"]
    assert [course.read(70), course.read(78), course.read(70), course.read(70), course.read(70)] == [None] * 5
    assert course.read(70) == "over"


def test_what_is_not_known_neither_fires_nor_ends_anything():
    course = Course(for_s=20)
    assert [course.read(85), course.read(None, 100), course.read(85), course.read(85, 20)] == [
        None,
        None,
        None,
        "fires",
    ]
    assert [course.read(None, 1000), course.read(70), course.read(None), course.read(70, 50)] == [None] * 4
    assert course.read(70, 30) == "over"


def test_since_when_something_is_so_counts_where_it_is_known():
    course = Course(kind="offline", for_s=60)
    assert course.read(1.0, after_s=100.0, since_s=50.0) is None
    assert course.read(1.0, after_s=10.0, since_s=50.0) == "fires"


def test_it_gets_worse_once_and_never_better_before_it_is_over():
    course = Course(fire_at=80, clear_at=75, critical_at=90, for_s=0)
    assert [course.read(85), course.read(91), course.read(95), course.read(82)] == ["fires", "worse", None, None]
    assert [cause.severity for cause in course.causes] == ["warning", "critical"]
    assert "91 °C (limit 80)" in course.causes[1].detail


def test_a_rule_with_the_other_direction_fires_at_small_values():
    course = Course(kind="disk-space", fire_at=5, clear_at=8, critical_at=2, for_s=0, clear_s=0)
    assert [course.read(6), course.read(5), course.read(7), course.read(2), course.read(8)] == [
        None,
        "fires",
        None,
        "worse",
        "over",
    ]


def test_what_flaps_must_be_well_for_longer_each_time_and_says_so():
    course = Course(for_s=0, clear_s=60)
    lasted = []
    for _ in range(4):
        assert course.read(85) == "fires"
        began_s = course.now_s
        while course.read(70) != "over":
            assert course.now_s < began_s + 10_000
        lasted.append(course.now_s - began_s)
    assert lasted == [70, 130, 250, 490]
    assert "fired 4 times within an hour" in course.causes[-1].detail


@given(st.floats(0, 86_400), st.integers(1, 1000))
def test_damping_never_makes_it_shorter_and_is_bounded(clear_s, firings):
    assert clear_s <= damped_s(clear_s, firings) <= max(clear_s, 3600.0)


def test_what_is_no_longer_read_is_over():
    course = Course(for_s=0)
    course.read(85)
    verdict = judge([(course.rule, [])], Memory(course.lasting, {}, {}), Moment(mono_s=0, wall_ms=0))
    assert verdict.over == [1]


@pytest.mark.parametrize("value", [79.9, 0.0, -5.0])
def test_below_its_threshold_nothing_fires_and_nothing_is_remembered(value):
    course = Course(for_s=0)
    assert course.read(value) is None
    assert not course.clocks


def test_a_length_of_time_is_told_as_people_say_it():
    course = Course(kind="crash-free", fire_at=1, clear_at=6, for_s=0)
    assert course.read(0.001447) == "fires"
    assert course.causes[0].detail == "time at work since the last crash or unexpected reboot: 5 s (limit 1 h)"

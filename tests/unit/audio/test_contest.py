"""Words that sound alike: the best one is heard, once, and nobody waits who has no rival."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_edge.audio.contest import CONTEST_S, Contest
from skerry_edge.audio.decision import DecisionRule, Detection, Step

STEP_S = 0.03
LOW, HIGH = "Low", "High"
"""Two words of unlike cut-offs."""
RULES = {LOW: DecisionRule(cutoff=0.5, window=1), HIGH: DecisionRule(cutoff=0.9, window=1)}


def hear(
    low: Sequence[float], high: Sequence[float], *, rules: dict[str, DecisionRule] = RULES, refractory_s: float = 1.0
) -> list[Detection]:
    """Return what is heard where the two words have these scores, step by step."""
    contest = Contest(rules, refractory_s=refractory_s)
    found = []
    for at, (one, other) in enumerate(zip(low, high, strict=True)):
        instant = [Step(word=word, time_s=STEP_S * at, score=score) for word, score in ((LOW, one), (HIGH, other))]
        found.append(contest.judge(instant))
    found.append(contest.close())
    return [one for one in found if one is not None]


def test_a_word_without_a_rival_is_heard_at_once() -> None:
    (one,) = hear([0.1, 0.6, 0.9, 0.9], [0.0, 0.1, 0.2, 0.1])
    assert (one.word, one.time_s, one.score) == (LOW, STEP_S, 0.6)


def test_of_two_that_rise_together_the_one_nearer_to_certainty_is_heard_and_the_other_never() -> None:
    # Low is first above its cut-off and has four fifths of the way behind it, High nine tenths.
    (one,) = hear([0.6, 0.7, 0.9, 0.9, 0.9, 0.9, 0.9], [0.5, 0.8, 0.92, 0.99, 0.99, 0.99, 0.99])
    assert (one.word, one.score) == (HIGH, 0.99)
    assert one.time_s == pytest.approx(4 * STEP_S)
    assert one.time_s >= CONTEST_S


def test_the_contest_is_over_as_soon_as_no_rival_rises() -> None:
    (one,) = hear([0.6, 0.7, 0.9, 0.9], [0.5, 0.3, 0.1, 0.1])
    assert (one.word, one.time_s) == (LOW, STEP_S)


def test_a_stream_that_ends_in_a_contest_still_has_its_word() -> None:
    (one,) = hear([0.1, 0.8], [0.1, 0.6])
    assert (one.word, one.score, one.time_s) == (LOW, 0.8, STEP_S)


def test_a_contest_that_a_closing_gate_cuts_off_is_decided_soon_and_not_at_the_next_voice() -> None:
    contest = Contest(RULES, refractory_s=1.0)
    assert contest.judge([Step(word=LOW, time_s=7.0, score=0.8), Step(word=HIGH, time_s=7.0, score=0.6)]) is None
    assert contest.lapse(7.3) is None
    assert contest.lapse(7.6) == Detection(word=LOW, time_s=7.0, score=0.8)
    assert contest.lapse(9.0) is None


def test_another_word_counts_again_after_the_common_refractory_time() -> None:
    low = [0.9] + [0.0] * 60
    high = [0.0] * 20 + [0.95] * 41
    first, second = hear(low, high)
    assert (first.word, second.word) == (LOW, HIGH)
    assert second.time_s == pytest.approx(1.0, abs=2 * STEP_S)


def test_each_word_has_its_own_refractory_time() -> None:
    rules = {
        LOW: DecisionRule(cutoff=0.5, window=1, refractory_s=0.3),
        HIGH: DecisionRule(cutoff=0.9, window=1, refractory_s=0.9),
    }
    always = [0.95] * 60
    never = [0.0] * 60
    assert len(hear(always, never, rules=rules)) == 6
    assert len(hear(never, always, rules=rules)) == 2


def test_words_that_do_not_hold_each_other_back_are_both_heard() -> None:
    both = hear([0.9] * 5, [0.95] * 5, refractory_s=0.0)
    assert sorted(one.word for one in both) == [HIGH, LOW]


score_lists = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=80)


@given(score_lists)
def test_two_words_are_never_heard_within_the_common_refractory_time(scores: list[tuple[float, float]]) -> None:
    found = hear([one for one, _ in scores], [other for _, other in scores])
    assert all(later.time_s - earlier.time_s >= 1.0 for earlier, later in itertools.pairwise(found))


@given(score_lists)
def test_what_is_heard_was_above_its_cut_off_shortly_before(scores: list[tuple[float, float]]) -> None:
    for one in hear([one for one, _ in scores], [other for _, other in scores]):
        own = [pair[0 if one.word == LOW else 1] for pair in scores]
        at = round(one.time_s / STEP_S)
        recent = own[max(0, at - 4) : at + 1]
        assert one.score in recent
        assert one.score > RULES[one.word].cutoff

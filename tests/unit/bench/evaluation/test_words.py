"""Figures in words: no more digits than they have, and no sign for nothing."""

from __future__ import annotations

import pytest

from skerry_edge.bench.evaluation import words


@pytest.mark.parametrize(
    ("difference", "shown"), [(0.005, "+0.5"), (-0.1234, "-12.3"), (0.0, "0.0"), (-0.0004, "0.0"), (-0.0006, "-0.1")]
)
def test_points_have_a_sign_unless_they_round_to_nothing(difference: float, shown: str) -> None:
    assert words.points(difference) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.0, "0"), (0.0123, "0.012"), (1.26, "1.3"), (9.96, "10"), (99.7, "100"), (1234.5, "1234")]
)
def test_rates_have_two_digits_or_are_whole(value: float, shown: str) -> None:
    assert words.rate(value) == shown


def test_what_is_not_known_is_a_dash() -> None:
    assert (words.share(None), words.percent(None)) == ("-", "-")
    assert (words.share(0.80871), words.percent(0.7818)) == ("0.809", "78.2%")


def test_one_thing_is_not_called_by_its_plural() -> None:
    assert words.count(1, "picture") == "1 picture"
    assert words.count(1200, "picture") == "1,200 pictures"
    assert words.count(2, "crowd of it", "crowds of it") == "2 crowds of it"

"""Failures in a running pipeline: told, counted, logged ever more seldom, and shown while most of what comes fails."""

from __future__ import annotations

import logging

import pytest

from skerry_edge.agent.line.protocol import Finding, Progress, Report, SourceState
from skerry_edge.agent.pipelines.faults import Faults
from skerry_edge.foundation.errors import DataError

BROKEN = DataError("this is no picture", where="/pictures/broken.jpg")


def test_a_picture_that_comes_round_broken_for_ever_fills_no_log(ends, caplog: pytest.LogCaptureFixture) -> None:
    link, parent = ends
    faults = Faults(link)
    reports: list[Report] = []
    with caplog.at_level(logging.WARNING):
        for _ in range(1000):
            faults.report("source-error", BROKEN)
            reports += parent.reports()
    assert len(caplog.records) == 10
    assert sum(one.errors for one in reports if isinstance(one, Progress)) == 1000
    assert len([one for one in reports if isinstance(one, Finding)]) == 1


def test_most_pictures_broken_is_a_trouble_and_few_are_none(ends) -> None:
    link, parent = ends
    faults = Faults(link)

    def states(*, broken_every: int, rounds: int) -> list[str | None]:
        for number in range(rounds):
            if number % broken_every == 0:
                faults.report("source-error", BROKEN)
            else:
                faults.inferred()
        return [one.reason for one in parent.reports() if isinstance(one, SourceState)]

    assert states(broken_every=5, rounds=100) == []
    (reason,) = states(broken_every=1, rounds=100)
    assert reason is not None
    assert "failed: this is no picture" in reason
    assert states(broken_every=5, rounds=100) == [None]

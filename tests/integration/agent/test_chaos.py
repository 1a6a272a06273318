"""A short run of `make chaos SUITE=agent`: broker, network, agent and pipelines are struck, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from chaos.ledger import judge
from chaos.suite_agent import FAULTS, run


@pytest.mark.parametrize("fault", [one for one in FAULTS if one != "child kill"])
def test_no_accepted_event_is_lost(tmp_path: Path, need_program: Callable[[str], str], fault: str) -> None:
    need_program("mosquitto")
    outcome = run(tmp_path, faults=[fault, fault], events=60, seed=1, say=lambda _: None)
    assert outcome.verdict.lost == ()
    assert outcome.verdict.disordered == ()
    assert outcome.drained
    assert outcome.verdict.events >= 60
    assert outcome.faults == {fault: 2}
    assert max(outcome.recovered_s.values()) < float("inf")


def test_an_event_that_was_lost_just_before_its_childs_end_is_found(
    tmp_path: Path, need_program: Callable[[str], str]
) -> None:
    need_program("mosquitto")
    outcome = run(tmp_path, faults=["child kill"] * 2, events=60, seed=2, say=lambda _: None)
    assert outcome.verdict.is_good
    assert outcome.last_sent, "a child noted what it sent last"
    tail = outcome.last_sent[0]
    name = (tail.pipeline, str(tail.number), tail.ts_ms)
    as_if_lost = [one for one in outcome.arrived if (one.pipeline, one.message, one.ts) != name]
    assert judge(as_if_lost, ()).is_good, "the counts alone do not tell"
    assert len(judge(as_if_lost, (), outcome.last_sent).lost) == 1

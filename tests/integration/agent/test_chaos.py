"""A short run of `make chaos SUITE=agent`: broker, network, agent and pipelines are struck, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from chaos.suite_agent import FAULTS, run


@pytest.mark.parametrize("fault", FAULTS)
def test_no_accepted_event_is_lost(tmp_path: Path, need_program: Callable[[str], str], fault: str) -> None:
    need_program("mosquitto")
    outcome = run(tmp_path, faults=[fault, fault], events=60, seed=1, say=lambda _: None)
    assert outcome.verdict.lost == ()
    assert outcome.verdict.disordered == ()
    assert outcome.drained
    assert outcome.verdict.events >= 60

"""What is told of an agent's lives from beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from skerry_edge.agent.heartbeat.agent_life import life_fields
from skerry_edge.agent.life.lock import LOCK, hold_state_dir

JOURNAL = '{"boot": "b", "ended_well": false, "agent_crashes": 2, "crash_free_s": 100.0}'


def test_the_life_that_goes_on_counts_as_free_of_crashes(tmp_path: Path) -> None:
    (tmp_path / "lives.json").write_text(JOURNAL)
    with hold_state_dir(tmp_path):
        told = life_fields(tmp_path)
    assert told["agent_crashes"] == 2
    assert isinstance(told["crash_free_s"], float)
    assert told["crash_free_s"] > 100.0
    assert told["agent_uptime_s"] == pytest.approx(told["crash_free_s"] - 100.0)


def test_without_an_agent_the_journal_s_word_stands(tmp_path: Path) -> None:
    assert life_fields(tmp_path) == {}
    (tmp_path / "lives.json").write_text(JOURNAL)
    assert life_fields(tmp_path) == {"agent_crashes": 2, "reboots_unexpected": 0, "crash_free_s": 100.0}


def test_nothing_is_made_up_of_a_process_that_cannot_be_seen(tmp_path: Path) -> None:
    (tmp_path / "lives.json").write_text(JOURNAL)
    with hold_state_dir(tmp_path):
        (tmp_path / LOCK).write_text("")
        assert "crash_free_s" not in life_fields(tmp_path)

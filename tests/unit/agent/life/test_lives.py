"""Crashes, unexpected reboots and the time without them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_edge.agent.life.lives import JOURNAL, Journal, Lives, begun, ended, noted_life, read_journal
from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.foundation.errors import ReachError
from skerry_edge.machine.boot import since_boot_s


def told(journal: Journal) -> tuple[int, int, float]:
    return journal.agent_crashes, journal.reboots_unexpected, journal.crash_free_s


def test_a_first_life_has_nothing_behind_it() -> None:
    assert told(begun(None, "boot-1")) == (0, 0, 0.0)


def test_lives_that_end_well_add_up_even_across_restarts_of_the_machine() -> None:
    first = ended(begun(None, "boot-1"), 100.0)
    second = ended(begun(first, "boot-1"), 50.0)
    assert told(begun(second, "boot-2")) == (0, 0, 150.0)


def test_a_life_cut_short_while_the_machine_went_on_is_a_crash_of_the_agent() -> None:
    before = begun(ended(begun(None, "boot-1"), 100.0), "boot-1")
    assert told(begun(before, "boot-1")) == (1, 0, 0.0)


def test_a_life_cut_short_by_a_restart_of_the_machine_is_an_unexpected_reboot() -> None:
    before = begun(ended(begun(None, "boot-1"), 100.0), "boot-1")
    assert told(begun(before, "boot-2")) == (0, 1, 0.0)


@given(st.lists(st.tuples(st.sampled_from(["well", "crash", "power cut"]), st.floats(0, 1e6)), max_size=30))
def test_whatever_happens_each_end_is_counted_once(ends: list[tuple[str, float]]) -> None:
    boot, journal = 0, begun(None, "boot-0")
    for how, lived_s in ends:
        if how == "well":
            journal = ended(journal, lived_s)
        boot += how == "power cut"
        journal = begun(journal, f"boot-{boot}")
    hows = [how for how, _ in ends]
    since = [lived_s if how == "well" else None for how, lived_s in ends]
    last_cut = max((index for index, one in enumerate(since) if one is None), default=-1)
    assert told(journal) == (
        hows.count("crash"),
        hows.count("power cut"),
        pytest.approx(sum(one for one in since[last_cut + 1 :] if one is not None)),
    )


def test_the_current_life_counts_and_a_clock_that_went_back_does_not() -> None:
    lives = Lives(journal=Journal(boot="b", ended_well=False, crash_free_s=40.0), began_s=1000.0)
    assert lives.fields(1002.0)["crash_free_s"] == 42.0
    assert lives.fields(900.0)["crash_free_s"] == 40.0
    assert lives.fields(1002.0)["agent_uptime_s"] == 2.0


def test_a_life_is_noted_before_it_is_lived_and_again_at_its_end(tmp_path: Path) -> None:
    with noted_life(StateFiles(tmp_path)) as lives:
        during = read_journal(tmp_path / JOURNAL)
        assert during is not None
        assert not during.ended_well
        assert lives.fields(since_boot_s())["agent_crashes"] == 0
    after = read_journal(tmp_path / JOURNAL)
    assert after is not None
    assert after.ended_well


def test_a_life_that_ends_by_an_error_did_not_end_well(tmp_path: Path) -> None:
    with pytest.raises(KeyError), noted_life(StateFiles(tmp_path)):
        raise KeyError
    with noted_life(StateFiles(tmp_path)) as lives:
        assert lives.fields(since_boot_s())["agent_crashes"] == 1


def test_an_end_that_is_told_by_an_error_of_ours_is_no_crash(tmp_path: Path) -> None:
    with pytest.raises(ReachError), noted_life(StateFiles(tmp_path)):
        raise ReachError("no room")
    with noted_life(StateFiles(tmp_path)) as lives:
        assert lives.fields(since_boot_s())["agent_crashes"] == 0


def test_a_process_that_is_killed_is_counted_by_the_next_one(tmp_path: Path) -> None:
    program = (
        "import os, sys, pathlib; from skerry_edge.agent.life.lives import noted_life\n"
        "from skerry_edge.agent.life.state_files import StateFiles\n"
        "with noted_life(StateFiles(pathlib.Path(sys.argv[1]))): os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False).returncode == -9
    with noted_life(StateFiles(tmp_path)) as lives:
        assert lives.fields(since_boot_s())["agent_crashes"] == 1


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff", b'{"boot":1}', b"[]", b'{"boot":"b","ended_well":true}' + b" " * 9000]
)
def test_a_damaged_journal_begins_anew(tmp_path: Path, data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / JOURNAL).write_bytes(data)
    with noted_life(StateFiles(tmp_path)) as lives:
        assert lives.fields(since_boot_s())["agent_crashes"] == 0
    assert "cannot be used" in caplog.text


def test_where_no_journal_can_be_kept_the_figures_are_absent_and_the_agent_lives(tmp_path: Path) -> None:
    with noted_life(StateFiles(tmp_path / "nowhere")) as lives:
        assert set(lives.fields(since_boot_s())) == {"agent_uptime_s"}

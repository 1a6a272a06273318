"""The launcher: counts before it starts, gives up after three starts or past the deadline, runs what works."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_edge.ota import launcher
from skerry_edge.ota.instants import now
from skerry_edge.ota.slots.slots import Slots


@pytest.fixture
def program() -> Callable[[Path, str], Path]:
    """Return a function that puts a program somewhere which tells its name, its arguments and its slot."""

    def put(path: Path, name: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!/bin/sh\necho "{name} $@ from $SKERRY_SLOT"\n')
        path.chmod(0o755)
        return path

    return put


@pytest.fixture
def device(tmp_path: Path, program: Callable[[Path, str], Path]) -> Callable[[], subprocess.CompletedProcess[str]]:
    """Return a function that launches on a device with a base program and both slots."""
    base = program(tmp_path / "base" / "skerry", "base")
    for slot in launcher.SLOTS:
        program(tmp_path / "agent" / slot / "bin" / "skerry", slot)

    def launch() -> subprocess.CompletedProcess[str]:
        # By its path and isolated, as systemd calls it: nothing of ours can be imported.
        command = [sys.executable, "-I", "-S", launcher.__file__, str(tmp_path), str(base), "agent", "run"]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    return launch


def test_before_the_first_update_the_program_that_was_installed_runs(device) -> None:
    assert device().stdout == "base agent run from base\n"


def test_a_slot_that_was_confirmed_runs_for_good(device, tmp_path: Path) -> None:
    slots = Slots(tmp_path)
    slots.begin_trial("a", 3600.0, now())
    assert device().stdout == "a agent run from a\n"
    slots.confirm("a")
    assert [device().stdout for _ in range(5)] == ["a agent run from a\n"] * 5
    assert (slots.current, slots.idle, slots.on_trial) == ("a", "b", None)


def test_after_three_starts_without_a_confirmation_the_slot_before_runs(device, tmp_path: Path) -> None:
    slots = Slots(tmp_path)
    slots.confirm("a")
    slots.begin_trial("b", 3600.0, now())
    assert [device().stdout[0] for _ in range(5)] == ["b", "b", "b", "a", "a"]
    assert slots.fallen == "not confirmed after 3 starts"


@pytest.mark.parametrize(
    ("boot", "since_boot_s", "objection"),
    [
        ("b", 1099.0, None),
        ("b", 1101.0, "not confirmed within 1000 s"),
        ("c", 999.0, None),
        ("c", 1001.0, "not confirmed within 1000 s"),
    ],
)
def test_the_deadline_counts_what_the_machine_ran(boot: str, since_boot_s: float, objection: str | None) -> None:
    trial = {"slot": "b", "boots": 0, "boot": "b", "at_s": 100.0, "spent_s": 0.0, "deadline_s": 1000.0}
    counted, found = launcher.decide(trial, boot, since_boot_s)
    assert (counted["boots"], found) == (1, objection)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"slot": "../x"}', '{"slot": "b", "boots": "x"}', "null"])
def test_a_record_that_is_damaged_leads_back_to_what_was_good(damage: str, device, tmp_path: Path) -> None:
    slots = Slots(tmp_path)
    slots.confirm("a")
    (tmp_path / "agent" / launcher.TRIAL).write_text(damage)
    assert device().stdout[0] == "a"
    assert "damaged" in (slots.fallen or "")


def test_a_slot_that_cannot_be_started_is_passed_over(device, tmp_path: Path) -> None:
    slots = Slots(tmp_path)
    slots.confirm("a")
    slots.begin_trial("b", 3600.0, now())
    (tmp_path / "agent" / "b" / "bin" / "skerry").unlink()
    assert device().stdout[0] == "a"
    (tmp_path / "agent" / "a" / "bin" / "skerry").unlink()
    ended = device()
    assert ended.stdout == "base agent run from base\n"
    assert "slot a cannot be started" in ended.stderr
    (tmp_path / "base" / "skerry").unlink()
    assert device().returncode == launcher.NOT_STARTED


def test_a_start_that_cannot_be_counted_is_not_made(device, tmp_path: Path) -> None:
    slots = Slots(tmp_path)
    slots.confirm("a")
    slots.begin_trial("b", 3600.0, now())
    # What it would write beside the record first; root may write everywhere, but not a file where a folder is.
    (tmp_path / "agent" / ".trial.json.new").mkdir()
    assert device().stdout[0] == "a"


def test_the_agent_is_told_how_to_be_started_anew(tmp_path: Path, device) -> None:
    program = tmp_path / "agent" / "a" / "bin" / "skerry"
    program.write_text(f'#!{sys.executable}\nimport os\nprint(os.environ["{launcher.LAUNCHER_VARIABLE}"])\n')
    Slots(tmp_path).confirm("a")
    again = json.loads(device().stdout)
    assert again[2:] == [str(tmp_path), str(tmp_path / "base" / "skerry"), "agent", "run"]
    assert Path(again[1]).samefile(launcher.__file__)

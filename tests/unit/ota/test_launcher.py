"""The launcher: counts before it starts, gives up after three starts or past the deadline, runs what works."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skerry_edge.ota import launcher
from skerry_edge.ota.instants import now
from skerry_edge.ota.slots.slots import Slots
from skerry_edge.ota.slots.start import end_well


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


WITHOUT_END = '{"slot": "b", "boots": 0, "boot": "x", "at_s": 0, "spent_s": 0, "deadline_s": %s}'


@pytest.mark.parametrize(
    "damage",
    [
        *("", "{", "[]", '{"slot": "../x"}', '{"slot": "b", "boots": "x"}', "null", "[" * 100_000),
        *(WITHOUT_END % number for number in ("1e999", "NaN", "1" + "0" * 400)),
    ],
    ids=str.__len__,
)
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
    assert again[:3] == [sys.executable, "-I", "-S"], "what a bad agent set has no part in choosing the next"
    assert Path(again[3]).samefile(launcher.__file__)
    assert again[4:] == [str(tmp_path), str(tmp_path / "base" / "skerry"), "agent", "run"]


def test_a_trial_of_the_installed_program_is_counted_as_that_of_a_slot(device, tmp_path: Path) -> None:
    slots = Slots(tmp_path)
    slots.confirm("a")
    slots.begin_trial(launcher.BASE, 3600.0, now())
    assert [device().stdout[:4] for _ in range(4)] == ["base", "base", "base", "a ag"]
    slots.begin_trial(launcher.BASE, 3600.0, now())
    slots.confirm(launcher.BASE)
    assert (slots.current, slots.good, device().stdout[:4]) == (None, "base", "base")


def test_a_slot_on_trial_that_runs_past_its_deadline_is_ended_by_the_kernel(device, tmp_path: Path) -> None:
    slots = Slots(tmp_path)
    slots.confirm("a")
    # Sleeps for a day, and neither confirms nor ends: whatever it does, nobody asks it.
    (tmp_path / "agent" / "b" / "bin" / "skerry").write_text("#!/bin/sh\nexec sleep 86400\n")
    slots.begin_trial("b", 0.5, now())
    assert device().returncode == -signal.SIGALRM
    assert device().stdout == "a agent run from a\n"
    assert "not confirmed within" in (slots.fallen or "")


def test_what_is_not_on_trial_has_no_alarm_over_it(device, tmp_path: Path, program) -> None:
    tell = f"#!{sys.executable}\nimport signal\nprint('left', signal.alarm(0))\n"
    slots = Slots(tmp_path)
    slots.confirm("a")
    (tmp_path / "agent" / "a" / "bin" / "skerry").write_text(tell)
    assert device().stdout == "left 0\n"
    slots.begin_trial("b", 3600.0, now())
    (tmp_path / "agent" / "b" / "bin" / "skerry").unlink()
    assert device().stdout == "left 0\n", "the one on trial could not be started, and took its alarm with it"
    (tmp_path / "agent" / "b" / "bin" / "skerry").write_text(tell)
    (tmp_path / "agent" / "b" / "bin" / "skerry").chmod(0o755)
    assert 3500 < int(device().stdout.removeprefix("left ")) <= 3601


def test_an_alarm_is_taken_back_with_the_trial(tmp_path: Path) -> None:
    script = (
        "import signal, sys; from pathlib import Path; from skerry_edge.ota.slots.slots import Slots; "
        "slots = Slots(Path(sys.argv[1]), running='b'); signal.alarm(3600); "
        "getattr(slots, sys.argv[2])(*sys.argv[3:]); print(signal.alarm(0))"
    )
    slots = Slots(tmp_path)
    slots.path("b").mkdir(parents=True)
    for call in (["end_trial"], ["confirm", "b"]):
        done = subprocess.run(
            [sys.executable, "-c", script, tmp_path, *call], capture_output=True, text=True, check=True
        )
        assert done.stdout == "0\n", call


def test_a_committed_slot_that_dies_young_each_time_is_passed_over(device, tmp_path: Path) -> None:
    slots = Slots(tmp_path)
    slots.confirm("b")
    slots.confirm("a")
    assert [device().stdout[0] for _ in range(5)] == ["a"] * 5
    (tmp_path / "agent" / "b" / "bin" / "skerry").write_text('#!/bin/sh\necho "$SKERRY_START"\n')
    told = json.loads(device().stdout)
    assert told["passed"] == {"a": "ended 5 times within 600 s"}
    assert [device().stdout[0] for _ in range(4)] == ["{"] * 4
    assert [device().stdout[:4] for _ in range(5)] == ["base"] * 5
    assert device().stdout[0] == "a", "where all of them die, the one that was good last is tried on"


def test_a_slot_that_never_proved_itself_takes_nobodys_place(device, tmp_path: Path) -> None:
    Slots(tmp_path).confirm("a")
    for _ in range(5):
        device()
    assert device().stdout[:4] == "base"


def test_lives_that_end_well_are_not_counted(device, tmp_path: Path) -> None:
    Slots(tmp_path).confirm("a")
    start = json.dumps({"state": str(tmp_path), "base": "/none"})
    for _ in range(4):
        device()
    end_well({launcher.START_VARIABLE: start})
    assert [device().stdout[0] for _ in range(5)] == ["a"] * 5
    assert device().stdout[:4] == "base"


@pytest.mark.parametrize(
    ("ages_s", "is_short"),
    [
        ((4, 3, 2, 1, 0), True),
        ((601, 3, 2, 1, 0), False),
        ((3, 2, 1, 0), False),
        ((900, 599, 3, 2, 1, 0), True),
        ((float("-inf"),) * 5, False),
    ],
)
def test_short_lives_are_five_starts_in_ten_minutes(ages_s: tuple[float, ...], is_short: bool) -> None:
    starts = {"a": [1000.0 - one for one in ages_s], "b": [1000.0]}
    assert set(launcher.short_lived(starts, 1000.0)) == ({"a"} if is_short else set())


def test_starts_of_another_run_of_the_machine_say_nothing(device, tmp_path: Path) -> None:
    Slots(tmp_path).confirm("a")
    for _ in range(5):
        device()
    path = tmp_path / "agent" / launcher.STARTS
    path.write_text(json.dumps({**json.loads(path.read_text()), "boot": "another"}))
    assert device().stdout[0] == "a", "a supply that sags is no fault of the agent's"


@pytest.mark.parametrize(
    "damage",
    [
        *("", "[" * 100_000, "null", "[]", '{"boot": 1}', '{"boot": "x", "starts": {"a": 1}}'),
        '{"boot": "x", "starts": {"a": [1%s]}}' % ("0" * 400),
    ],
    ids=str.__len__,
)
def test_a_damaged_count_of_starts_keeps_nobody_from_starting(damage: str, device, tmp_path: Path) -> None:
    Slots(tmp_path).confirm("a")
    (tmp_path / "agent" / launcher.STARTS).write_text(damage)
    assert device().stdout[0] == "a"
    (tmp_path / "agent" / launcher.STARTS).unlink()
    (tmp_path / "agent" / f".{launcher.STARTS}.new").mkdir()
    assert device().stdout[0] == "a", "what proved itself is started even where its start cannot be counted"


@pytest.mark.parametrize("leads_to", ["../../elsewhere", "c", "/", "a/bin", "."])
def test_a_link_that_leads_to_no_slot_leads_to_what_was_installed(leads_to: str, device, tmp_path: Path) -> None:
    (tmp_path / "agent" / launcher.CURRENT).symlink_to(leads_to)
    assert device().stdout[:4] == "base"
    assert Slots(tmp_path).good == launcher.BASE


def test_a_card_that_answers_with_errors_keeps_nobody_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slots = Slots(tmp_path)
    for slot in launcher.SLOTS:
        slots.path(slot).mkdir(parents=True)
    slots.confirm("b")
    slots.confirm("a")
    real = os.stat

    def rotten(path: Any, *rest: Any, **more: Any) -> os.stat_result:
        if str(path).endswith(launcher.PROVED):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(path, *rest, **more)

    monkeypatch.setattr(os, "stat", rotten)
    assert launcher.choose(slots.folder, "x", 1.0).programs == ["a", launcher.BASE]


def test_pipes_in_the_place_of_its_files_keep_nobody_from_starting(device, tmp_path: Path) -> None:
    Slots(tmp_path).confirm("a")
    for name in (launcher.TRIAL, launcher.STARTS, f".{launcher.STARTS}.new", f".{launcher.FALLEN}.new"):
        os.mkfifo(tmp_path / "agent" / name)
    assert device().stdout[0] == "a"
    assert device().stdout[0] == "a"


def test_a_record_too_deep_to_be_counted_leads_back_to_what_was_good(device, tmp_path: Path) -> None:
    Slots(tmp_path).confirm("a")
    for deep in (300, 480, 900, 960, 990):
        record = WITHOUT_END.replace("}", ', "x": %s}') % (3600, "[" * deep + "]" * deep)
        (tmp_path / "agent" / launcher.TRIAL).write_text(record)
        ended = device()
        assert ended.stdout[:1] in ("a", "b"), ended.stderr


@pytest.fixture
def failing(tmp_path: Path) -> Callable[[int], tuple[int, str]]:
    """Return a function that launches where slot a cannot become a process; it returns the exit code and what ran."""
    script = (
        "import os, sys; from skerry_edge.ota import launcher\n"
        "def execve(path, *rest):\n"
        "    if '/a/' in path: raise OSError(int(sys.argv[1]), os.strerror(int(sys.argv[1])))\n"
        "    print(rest[1]['SKERRY_SLOT']); raise SystemExit(0)\n"
        "os.execve = execve; sys.exit(launcher.main(sys.argv[2:]))"
    )

    def launch(number: int) -> tuple[int, str]:
        command = [sys.executable, "-c", script, str(number), str(tmp_path), "/none"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stdout.strip()

    return launch


AGAIN = (launcher.NOT_STARTED, "")


@pytest.mark.parametrize("number", [errno.ENOMEM, errno.EIO])
def test_a_start_that_fails_for_what_may_pass_counts_as_one_short_life(failing, tmp_path: Path, number: int) -> None:
    slots = Slots(tmp_path)
    slots.path("a").mkdir(parents=True)
    slots.confirm("a")
    assert [failing(number) for _ in range(7)] == [AGAIN] * 5 + [(0, "base")] * 2
    (slots.folder / launcher.STARTS).unlink()
    (slots.folder / f".{launcher.STARTS}.new").mkdir()
    assert failing(number) == (0, "base"), "where starts cannot be counted, there would be no end of them"


def test_a_start_on_trial_that_fails_for_what_may_pass_is_made_again(failing, tmp_path: Path) -> None:
    slots = Slots(tmp_path)
    slots.path("a").mkdir(parents=True)
    slots.begin_trial("a", 3600.0, now())
    assert [failing(errno.ENOMEM) for _ in range(4)] == [AGAIN] * 3 + [(0, "base")]


def test_where_all_die_young_the_next_is_tried_at_once(failing, tmp_path: Path) -> None:
    slots = Slots(tmp_path)
    slots.path("a").mkdir(parents=True)
    slots.confirm("a")
    ran = [failing(errno.ENOMEM) for _ in range(11)]
    assert ran == [AGAIN] * 5 + [(0, "base")] * 6

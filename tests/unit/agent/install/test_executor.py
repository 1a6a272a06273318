"""What carrying out steps leaves: after a failure, a second run, a rehearsal and an uninstallation."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_edge.agent.install.executor import Executor, Result
from skerry_edge.agent.install.steps import Command, Folder, Link, ServiceUser, Step, TextFile
from skerry_edge.foundation.errors import ReachError

US = "us"
UNIT = TextFile(path="/etc/unit", content="x\n", mode=0o644, owner=US, group=US)
RELOAD = Command(program=("reloader", "now"), after=("/etc/unit",))
START = Command(program=("starter", "now"), after=("/etc/unit",))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A file tree in which this process's user is one of its own."""
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "run").mkdir()
    (root / "etc/passwd").write_text(f"{US}:x:{os.geteuid()}:{os.getegid()}:ours:/var/us:/bin/false\n")
    (root / "etc/group").write_text(f"{US}:x:{os.getegid()}:\n")
    return root


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], Path]:
    """Return a function that puts a program with an exit code first on the path, and gives what it was called with."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def put(name: str, code: int) -> Path:
        calls = tmp_path / f"{name}.calls"
        (folder / name).write_text(f'#!/bin/sh\necho "$@" >> {calls}\nexit {code}\n')
        (folder / name).chmod(0o755)
        return calls

    return put


def results(executor: Executor, *steps: Step) -> list[Result]:
    return [one.result for one in executor.install(steps)]


def test_a_command_that_failed_is_run_by_the_next_installation(
    root: Path, programs: Callable[[str, int], Path]
) -> None:
    reloads, starts = programs("reloader", 1), programs("starter", 0)
    with pytest.raises(ReachError, match="failed"):
        Executor(root, is_live=True).install((UNIT, RELOAD, START))
    assert not starts.exists()
    programs("reloader", 0)
    assert results(Executor(root, is_live=True), UNIT, RELOAD, START) == ["unchanged", "ran", "ran"]
    assert (reloads.read_text(), starts.read_text()) == ("now\nnow\n", "now\n")
    assert results(Executor(root, is_live=True), UNIT, RELOAD, START) == ["unchanged", "not needed", "not needed"]


def test_commands_that_were_never_reached_are_run_by_the_next_installation(
    root: Path, programs: Callable[[str, int], Path]
) -> None:
    starts = programs("starter", 0)
    Executor(root, is_live=True).install((UNIT,))
    assert results(Executor(root, is_live=True), UNIT, START) == ["unchanged", "ran"]
    assert starts.read_text() == "now\n"
    assert not list((root / "run").iterdir())


def test_a_rehearsal_leaves_no_mark(root: Path) -> None:
    assert results(Executor(root, is_live=True, is_rehearsal=True), UNIT) == ["created"]
    assert not list((root / "run").iterdir())


def test_nothing_is_stopped_that_is_not_there(root: Path, programs: Callable[[str, int], Path]) -> None:
    stops = programs("starter", 5)
    (root / "run/skerry-install.pending").write_text("/etc/unit\n")
    stop = Command(program=("starter", "stop"), after=("/etc/unit",), while_there=True)
    assert [one.result for one in Executor(root, is_live=True).remove((stop, UNIT), purge=False)] == [
        "not needed",
        "absent",
    ]
    assert not stops.exists()


SECRET = TextFile(path="/etc/us/secret", content="x\n", mode=0o640, owner=US, group=US, secret=True, outlasts=True)
FOLDER = Folder(path="/etc/us", mode=0o750, owner=US, group=US)
USER = ServiceUser(name=US, home="/var/us", comment="ours", owns=("/etc/us",))


def test_a_secret_outlasts_an_uninstallation_with_its_folder_and_user(root: Path) -> None:
    Executor(root, is_live=False).install((FOLDER, SECRET))
    for is_rehearsal in (True, False):
        executor = Executor(root, is_live=False, is_rehearsal=is_rehearsal)
        left = executor.remove((SECRET, FOLDER, USER), purge=False)
        assert [one.result for one in left] == ["kept", "kept", "kept"]
    assert (root / "etc/us/secret").read_text() == "x\n"
    purged = Executor(root, is_live=False, is_rehearsal=True).remove((SECRET, FOLDER, USER), purge=True)
    assert [one.result for one in purged] == ["removed", "removed", "removed"]


def test_what_lies_where_a_link_should_go_stays_there(root: Path) -> None:
    link = Link(path="/bin/skerry", target="/opt/skerry/bin/skerry", is_shy=True)
    assert results(Executor(root, is_live=False), link) == ["not here"]
    (root / "bin").mkdir()
    (root / "bin/skerry").write_text("theirs")
    assert results(Executor(root, is_live=False), link) == ["kept"]
    assert [one.result for one in Executor(root, is_live=False).remove((link,), purge=True)] == ["kept"]
    (root / "bin/skerry").unlink()
    assert results(Executor(root, is_live=False), link) == ["created"]
    assert [one.result for one in Executor(root, is_live=False).remove((link,), purge=False)] == ["removed"]


STATE = Folder(path="/var/state", mode=0o750, owner=US, group=US, holds_state=True)


def test_a_link_to_a_directory_within_the_tree_serves_as_one_and_goes_with_it(root: Path) -> None:
    (root / "data/state").mkdir(parents=True)
    (root / "var").mkdir()
    (root / "var/state").symlink_to("../data/state")
    assert results(Executor(root, is_live=False), STATE) == ["changed"]
    assert results(Executor(root, is_live=False), STATE) == ["unchanged"]
    (root / "data/state/outbox").write_text("x")
    assert [one.result for one in Executor(root, is_live=False).remove((STATE,), purge=False)] == ["kept"]
    assert [one.result for one in Executor(root, is_live=False).remove((STATE,), purge=True)] == ["removed"]
    assert not (root / "data/state").exists()
    assert not os.path.lexists(root / "var/state")


def test_a_link_to_a_directory_that_is_not_there_yet_is_followed(root: Path) -> None:
    (root / "data").mkdir()
    (root / "var").mkdir()
    (root / "var/state").symlink_to("../data/state")
    assert results(Executor(root, is_live=False), STATE) == ["created"]
    assert (root / "data/state").is_dir()


@pytest.mark.parametrize("step", [STATE, TextFile(path="/var/state", content="x\n", mode=0o644, owner=US, group=US)])
def test_a_link_out_of_the_tree_is_refused_before_anything_is_touched(root: Path, tmp_path: Path, step: Step) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    (root / "var").mkdir()
    (root / "var/state").symlink_to(outside)
    for act in (lambda one: one.install((UNIT, step)), lambda one: one.remove((UNIT, step), purge=True)):
        with pytest.raises(ReachError, match="leads out"):
            act(Executor(root, is_live=False))
        assert not (root / "etc/unit").exists()
        assert outside.stat().st_mode & 0o777 == 0o755


def test_links_in_a_circle_are_refused(root: Path) -> None:
    (root / "var").mkdir()
    (root / "var/state").symlink_to("state")
    with pytest.raises(ReachError):
        Executor(root, is_live=False).install((STATE,))


def test_a_group_that_the_user_leaves_behind_goes_as_well(root: Path, programs: Callable[[str, int], Path]) -> None:
    programs("userdel", 0)
    calls = programs("groupdel", 0)
    assert [one.result for one in Executor(root, is_live=False).remove((USER,), purge=True)] == ["removed"]
    assert calls.read_text() == f"--prefix {root} {US}\n"
    (root / "etc/group").write_text(f"{US}:x:{os.getegid()}:somebody\n")
    Executor(root, is_live=False).remove((USER,), purge=True)
    assert calls.read_text().count("\n") == 1, "a group that others are in stays"


@pytest.mark.parametrize(
    ("step", "put"),
    [
        (STATE, lambda path: path.write_text("a file")),
        (UNIT, lambda path: path.mkdir()),
        (UNIT, os.mkfifo),
        (Link(path="/etc/link", target="/etc/unit"), lambda path: path.mkdir()),
    ],
)
def test_what_is_of_another_kind_is_refused_before_anything_is_touched(
    root: Path, step: Folder | TextFile | Link, put: Callable[[Path], object]
) -> None:
    place = root / step.path.lstrip("/")
    place.parent.mkdir(exist_ok=True)
    put(place)
    first = TextFile(path="/etc/first", content="x\n", mode=0o644, owner=US, group=US)
    for act in (lambda one: one.install((first, step)), lambda one: one.remove((first, step), purge=False)):
        with pytest.raises(ReachError, match="something else has the place"):
            act(Executor(root, is_live=False))
    assert not (root / "etc/first").exists()

"""A module as a program of its own: what it imports is what this process would."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from skerry_edge.foundation.module_program import module_command

PROGRAM = """\
import json, os, statistics, sys
print(json.dumps([__name__, sys.argv[1:], os.getcwd(), statistics.__file__]))
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, in which a file has the name of a module of Python's own."""
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    here.mkdir()
    elsewhere.mkdir()
    (here / "statistics.py").write_text("")
    (elsewhere / "a_program_for_a_test.py").write_text(PROGRAM)
    monkeypatch.setenv("PYTHONPATH", str(elsewhere))
    monkeypatch.chdir(here)
    return here


def run(*arguments: str) -> list[object]:
    command = module_command("a_program_for_a_test", *arguments)
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: list[object] = json.loads(done.stdout)
    return found


def test_it_runs_as_the_main_program_with_its_arguments_in_the_same_directory(folder: Path) -> None:
    name, arguments, directory, _ = run("3", "--four")
    assert (name, arguments, directory) == ("__main__", ["3", "--four"], str(folder))


def test_nothing_is_imported_from_the_working_directory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", ["/a/folder/of/programs", *sys.path])
    assert Path(str(run()[3])).parent != folder


def test_who_imports_from_the_working_directory_has_a_program_that_does(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    assert Path(str(run()[3])).parent == folder


def test_it_is_found_where_python_adds_no_first_place_by_itself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    monkeypatch.setattr(sys, "path", ["/a/folder/of/programs", *sys.path])
    assert run("3")[1] == ["3"]

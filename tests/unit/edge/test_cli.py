"""The root command: light, helpful, and true to its documented exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from skerry_edge.cli import SUMMARIES, LazyCommands, main, root

HEAVY = ("numpy", "cv2", "onnxruntime", "ai_edge_litert", "tensorflow", "rich", "paho", "sqlalchemy", "fastapi")


def skerry(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "skerry_edge", *arguments], capture_output=True, text=True, timeout=60)


def test_help_lists_every_command_and_imports_no_runtime() -> None:
    script = (
        "import sys, json, skerry_edge.cli as cli\n"
        "sys.argv = ['skerry', '--help']\n"
        "try: cli.main()\n"
        "except SystemExit: print(json.dumps(sorted(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    text, modules = done.stdout.rsplit("\n", 2)[0], json.loads(done.stdout.splitlines()[-1])
    assert all(f"  {name} " in text for name in SUMMARIES)
    assert not {module.split(".")[0] for module in modules} & set(HEAVY)


def test_each_summary_is_what_the_command_itself_says() -> None:
    assert isinstance(root, LazyCommands)
    context = click.Context(root)
    assert set(root.list_commands(context)) == set(SUMMARIES)
    for name, summary in SUMMARIES.items():
        command = root.get_command(context, name)
        assert command is not None
        assert command.get_short_help_str(limit=100) == summary


@pytest.mark.parametrize("name", sorted(SUMMARIES))
def test_every_command_answers_help(name: str) -> None:
    done = skerry(name, "--help")
    assert done.returncode == 0, done.stderr
    assert "Usage: skerry " + name in done.stdout


def test_a_misspelt_command_is_wrong_usage_and_suggests_the_near_one() -> None:
    done = skerry("detekt")
    assert done.returncode == 2
    assert "No such command 'detekt'; did you mean 'detect'?" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_error_is_reported_in_plain_words_with_its_family_s_code() -> None:
    done = skerry("boards", "show", "raspberry-pi-44")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "raspberry-pi-4" in done.stderr


def test_output_cut_short_by_the_reader_is_no_error() -> None:
    done = subprocess.run(
        f"{sys.executable} -m skerry_edge --help | head -c 1", shell=True, capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""


@pytest.mark.parametrize("arguments", [["--help"], ["boards", "list"], ["boards", "list", "--json"]])
def test_a_reader_that_went_away_makes_no_failure(arguments: list[str]) -> None:
    reader, out = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "skerry_edge", *arguments], stdout=out, stderr=subprocess.PIPE, timeout=60
        )
    finally:
        os.close(out)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("arguments", [["--help"], ["boards", "list"], ["boards", "list", "--json"]])
def test_output_that_a_full_disk_cuts_short_is_an_error(arguments: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "skerry_edge", *arguments], stdout=full, stderr=subprocess.PIPE, timeout=60
        )
    assert done.returncode == 4
    assert done.stderr.decode().splitlines() == [
        "error: reading or writing failed",
        "  found: No space left on device",
    ]


def test_a_closed_standard_error_changes_no_exit_code() -> None:
    done = subprocess.run(
        f"exec {sys.executable} -m skerry_edge boards show nonsense 2>&-",
        shell=True,
        stdout=subprocess.PIPE,
        timeout=60,
    )
    assert done.returncode == 2


def test_ctrl_c_while_a_native_library_loads_is_an_interrupt(monkeypatch, capsys) -> None:
    def load(**_options: object) -> None:
        raise ImportError("initialization failed") from KeyboardInterrupt()

    monkeypatch.setattr(root, "main", load)
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code, capsys.readouterr().err) == (130, "interrupted\n")


def test_a_package_of_an_extra_that_is_not_installed_is_named_with_the_extra(monkeypatch, capsys) -> None:
    def load(**_options: object) -> None:
        raise ModuleNotFoundError("No module named 'uvicorn'", name="uvicorn.config")

    monkeypatch.setattr(root, "main", load)
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().err
    assert ended.value.code == 3
    assert "uvicorn" in told
    assert "skerry[server]" in told


def test_a_module_of_our_own_that_is_missing_is_no_missing_extra(monkeypatch) -> None:
    def load(**_options: object) -> None:
        raise ModuleNotFoundError("No module named 'skerry_edge.nowhere'", name="skerry_edge.nowhere")

    monkeypatch.setattr(root, "main", load)
    with pytest.raises(ModuleNotFoundError):
        main()


@pytest.mark.parametrize("option", ["--threshold", "--refractory", "--stall"])
def test_a_number_that_is_none_is_wrong_usage(option: str) -> None:
    done = skerry("listen", "alexa", "x.wav", option, "nan")
    assert done.returncode == 2
    assert "not a number" in done.stderr

"""The agent that runs, as its launcher's environment tells somebody else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import skerry_edge
from skerry_edge.agent.updates.running_agent import RunningAgent, running_agent
from skerry_edge.ota.slots.slots import KeptAgent, Slots

HOLD = """
import sys
from pathlib import Path
from skerry_edge.agent.life.lock import hold_state_dir
with hold_state_dir(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Return a function that has a process hold the state directory, started as a launcher does or not."""
    held: list[subprocess.Popen[str]] = []

    def start(**environment: str) -> None:
        command = [sys.executable, "-c", HOLD, str(tmp_path)]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
        )
        held.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"

    yield start
    for one in held:
        one.communicate("")


def test_there_is_none_before_it_runs_and_none_without_a_launcher(agent: Callable[..., None], tmp_path: Path) -> None:
    assert running_agent(tmp_path) is None
    agent()
    assert running_agent(tmp_path) is None


def test_one_that_was_installed_has_a_version_and_no_counter(agent: Callable[..., None], tmp_path: Path) -> None:
    agent(SKERRY_SLOT="base", SKERRY_LAUNCHER="[]")
    assert running_agent(tmp_path) == RunningAgent(version=skerry_edge.__version__)


def test_one_in_a_slot_is_the_release_that_the_slot_holds(agent: Callable[..., None], tmp_path: Path) -> None:
    slots = Slots(tmp_path)
    slots.path("b").mkdir(parents=True)
    slots.note("b", KeptAgent(sha256="a" * 64, version="0.4.0", counter=7))
    agent(SKERRY_SLOT="b", SKERRY_LAUNCHER="[]")
    assert running_agent(tmp_path) == RunningAgent(version="0.4.0", counter=7)

"""Rollouts end to end: `skerry server run`, a simulated fleet at a real broker, `skerry fleet rollouts`."""

from __future__ import annotations

import subprocess
import sys

import pytest

SIMULATE = [sys.executable, "-m", "skerry_edge", "simulate"]
RELEASE = ("--model", "yolov2-tiny-voc", "--probation", "1", "--deadline", "60", "--soak", "0")


@pytest.fixture
def simulate():
    """Return a function that starts `skerry simulate`, which ends with the test."""
    running = []

    def start(broker_url, *arguments):
        command = [*SIMULATE, "--broker", broker_url, "--trouble", "none", *map(str, arguments)]
        running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    yield start
    for process in running:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture
def rollouts(broker, start_server, simulate, skerry, eventually, tmp_path, monkeypatch):
    """`skerry fleet rollouts` at a server that sees twelve devices, on which version 3.0.0 fails."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    server = start_server(broker.url)
    simulate(broker.url, "--devices", 12, "--rate", 5, "--bad-release", "3.0.0")

    def run(*arguments):
        done = skerry("fleet", "rollouts", *map(str, arguments), "--server", server.url, "--json")
        assert done.code == 0, done.err
        return done.json

    def all_are_there():
        plan = run("plan", *RELEASE, "--version", "2.9.0", "--counter", 9)
        return sum(plan["stages"]) == 12

    eventually(all_are_there, what="twelve devices tell what they run")
    return run


def test_a_bad_release_stops_at_the_canary_and_a_good_one_reaches_all_and_is_taken_back(rollouts, eventually):
    before = {one["from_version"] for one in rollouts("plan", *RELEASE, "--version", "9", "--counter", 9)["planned"]}

    def begin(version, counter):
        sizes = ("--canary", "2", "--step", "100%")
        number = rollouts("create", *RELEASE, "--version", version, "--counter", counter, *sizes)["id"]
        rollouts("start", number)
        return number

    def becomes(number, state):
        eventually(
            lambda: rollouts("show", number)["state"] == state, what=f"rollout {number} is {state}", deadline_s=60
        )
        return rollouts("show", number)

    bad = becomes(begin("3.0.0", 3), "paused")
    assert bad["devices"] == {"rolled-back": 2, "waiting": 10}
    assert [(one["reason"], one["devices"]) for one in bad["failures"]] == [("crashed", 2)]
    rollouts("abort", bad["id"])

    good = becomes(begin("3.0.1", 4), "done")
    assert good["devices"] == {"committed": 12}
    rollouts("roll-back", good["id"])
    assert becomes(good["id"], "rolled-back")["devices"] == {"returned": 12}
    plan = rollouts("plan", *RELEASE, "--version", "3.0.1", "--counter", 4)["planned"]
    assert {one["from_version"] for one in plan} == before

"""A model tried in a process of its own: what it measures of a real one, and what becomes of one that goes wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from skerry_edge.backends.stand_in import VARIABLE
from skerry_edge.bench.apart import CrashError
from skerry_edge.ota.machine.limits import Limits
from skerry_edge.ota.self_test.judging import verdict
from skerry_edge.ota.self_test.measured import Subject
from skerry_edge.ota.self_test.program import measure


@pytest.fixture
def street(tmp_path: Path) -> tuple[Path, ...]:
    """Three pictures that the device saw last: a disc, another one, and nothing."""
    for number in range(3):
        scene = np.full((240, 320, 3), 128, np.uint8)
        if number < 2:
            cv2.circle(scene, (100 + 100 * number, 120), 40, (0, 0, 255), -1)
        cv2.imwrite(str(tmp_path / f"{number}.jpg"), scene)
    return tuple(sorted(tmp_path.glob("*.jpg")))


def tried(discs: Path, live: tuple[Path, ...] = (), backend: str = "stand-in") -> Subject:
    return Subject(bundle=discs, variant="onnx-fp32", backend=backend, threads=1, pictures_of=(discs, discs), live=live)


def test_a_model_is_asked_for_what_the_device_saw_last(discs: Path, street: tuple[Path, ...]) -> None:
    measured = measure(tried(discs, street, "onnx"), stall_s=60.0)
    assert [len(one) for one in measured.live] == [1, 1, 0]
    assert (len(measured.seen), measured.sqnr_db >= measured.needed_db) == (2, True)
    assert verdict(measured, measured, Limits(), free_mb=1000.0) is None


@pytest.mark.parametrize(
    ("fault", "free_mb"),
    [("fault=slow latency_ms=10", 10_000.0), ("fault=leak", 20.0)],
    ids=["ten times slower", "takes memory"],
)
def test_a_model_that_costs_too_much_is_found_out_before_it_runs(
    fault: str, free_mb: float, discs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "fault=none latency_ms=10")
    present = measure(tried(discs), stall_s=60.0)
    monkeypatch.setenv(VARIABLE, fault)
    found = verdict(present, measure(tried(discs), stall_s=60.0), Limits(), free_mb=free_mb)
    assert found is not None
    assert found.reason == "budget"


@pytest.mark.parametrize("fault", ["fault=crash after=3", "fault=hang after=3"])
def test_a_model_that_crashes_or_hangs_takes_nothing_else_with_it(
    fault: str, discs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, fault)
    with pytest.raises(CrashError):
        measure(tried(discs), stall_s=5.0)


def test_where_memory_runs_out_the_trial_is_ended_first() -> None:
    program = "from skerry_edge.ota.self_test import program as p; p.be_killed_first()"
    told = "print(open('/proc/self/oom_score_adj').read())"
    done = subprocess.run([sys.executable, "-c", f"{program}; {told}"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1000"

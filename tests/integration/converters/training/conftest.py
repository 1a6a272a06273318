"""Tiny trainings: configurations, and the command in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skerry_converters.training.metrics import MetricsLog, TrainingEntry

TINY = """\
name = "tiny"
seed = 4

[data]
kind = "rendered"
validation = 6

[network]
width = 0.02
side_px = 96
anchors = 3

[[stages]]
side_px = 64
steps = {first}
batch = 4

[[stages]]
side_px = 96
steps = {second}
batch = 4

[learning]
rate = 0.01
warmup_steps = 4

[pool]
capacity = 60
first = 24
reuse = 4

[run]
save_minutes = {save_minutes}
threads = 1
"""
COMMAND = [sys.executable, "-c", "from skerry_edge.cli import main; main()", "train"]


@pytest.fixture
def tiny(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes the configuration of a tiny training on rendered scenes."""

    def write(*, first: int = 30, second: int = 30, save_minutes: float = 10.0) -> Path:
        path = tmp_path / "tiny.toml"
        path.write_text(TINY.format(first=first, second=second, save_minutes=save_minutes), encoding="utf-8")
        return path

    return write


@pytest.fixture
def started() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a function that starts `skerry train` in a process of its own."""
    processes = []

    def start(*arguments: object, **options: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TF_NUM_INTRAOP_THREADS": "1"},
            **options,  # type: ignore[call-overload]  # Popen's own
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture
def saved(eventually: Callable[..., None]) -> Callable[[subprocess.Popen[str], Path], None]:
    """Return a function that waits until a run has saved its first checkpoint."""

    def wait(run: subprocess.Popen[str], folder: Path) -> None:
        def is_there() -> bool:
            assert run.poll() is None, run.communicate()
            return (folder / "checkpoint.npz").exists()

        eventually(is_there, what="a first checkpoint", deadline_s=120)

    return wait


@pytest.fixture(scope="session")
def losses() -> Callable[[Path], list[float]]:
    """Return a function that gives the losses of a run's log."""

    def read(folder: Path) -> list[float]:
        entries = MetricsLog(folder / "metrics.jsonl").entries()
        return [entry.loss for entry in entries if isinstance(entry, TrainingEntry)]

    return read

"""`skerry train`: tiny runs, and every way in which one can be interrupted."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from skerry_converters.training.checkpoint import read_checkpoint, write_checkpoint
from skerry_converters.training.run_folder import hold_folder
from skerry_edge.vision.detector import Detector

Start = Callable[..., subprocess.Popen[str]]
Saved = Callable[[subprocess.Popen[str], Path], None]


def state(folder: Path) -> tuple[int, list[np.ndarray]]:
    """Return a checkpoint's step and numbers."""
    checkpoint = read_checkpoint(folder / "checkpoint.npz")
    assert checkpoint is not None
    return checkpoint.position.step, list(checkpoint.state)


def test_a_tiny_run_leaves_a_network_that_converts_and_detects(
    skerry: Callable[..., object], tiny: Callable[..., Path], tmp_path: Path
) -> None:
    out = tmp_path / "run"
    done = skerry("train", "--config", tiny(first=30, second=30), "--out", out, "--json")
    assert done.code == 0, done.err
    summary = json.loads(done.out)
    assert (summary["finished"], summary["steps"], summary["images"]) == (True, 60, 240)
    assert summary == json.loads((out / "training.json").read_text())
    assert cv2.imread(str(out / "curves.png")) is not None

    bundle = tmp_path / "tiny.skerry"
    sources = [
        summary["files"]["cfg"],
        "--weights",
        summary["files"]["weights"],
        "--labels",
        summary["files"]["labels"],
    ]
    assert skerry("convert", *sources, "--to", "onnx-fp32", "--out", bundle).code == 0
    detector = Detector.open(bundle)
    assert detector.manifest.labels[0] == "stop"
    detector.detect(np.zeros((96, 96, 3), np.uint8))


def test_a_run_that_was_killed_goes_on_to_what_it_would_have_been(
    skerry: Callable[..., object], started: Start, tiny: Callable[..., Path], tmp_path: Path, saved: Saved
) -> None:
    config = tiny(first=12, second=28, save_minutes=0.0001)
    assert skerry("train", "--config", config, "--out", tmp_path / "whole").code == 0
    killed = started("--config", config, "--out", tmp_path / "killed")
    saved(killed, tmp_path / "killed")
    killed.kill()
    killed.wait()
    step, _ = state(tmp_path / "killed")
    assert step < 40
    again = skerry("train", "--config", config, "--out", tmp_path / "killed")
    assert again.code == 0, again.err
    assert f"going on from step {step}" in again.out
    (steps, numbers), (other_steps, expected) = state(tmp_path / "killed"), state(tmp_path / "whole")
    assert steps == other_steps == 40
    # Threads add in an order of their own, and 28 steps carry that on; that a state is whole, `test_learner` proves.
    resumed, whole = (np.concatenate([one.ravel() for one in arrays]) for arrays in (numbers, expected))
    assert np.linalg.norm(resumed - whole) < 0.05 * np.linalg.norm(whole)
    logged = [json.loads(line)["step"] for line in (tmp_path / "killed/metrics.jsonl").read_text().splitlines()]
    assert logged == sorted(logged)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_saves_and_ends_it(
    started: Start, tiny: Callable[..., Path], tmp_path: Path, saved: Saved, number: signal.Signals, code: int
) -> None:
    run = started("--config", tiny(first=100_000, second=1, save_minutes=0.0001), "--out", tmp_path / "run")
    saved(run, tmp_path / "run")
    before, _ = state(tmp_path / "run")
    run.send_signal(number)
    out, err = run.communicate(timeout=120)
    assert run.returncode == code, err
    after, _ = state(tmp_path / "run")
    assert f"stopped and saved at step {after}" in out
    assert after >= before
    assert not json.loads((tmp_path / "run/training.json").read_text())["finished"]
    assert "Traceback" not in err


def test_a_disk_that_fills_up_ends_it_with_the_last_checkpoint_whole(
    skerry: Callable[..., object], started: Start, tiny: Callable[..., Path], tmp_path: Path, saved: Saved
) -> None:
    out = tmp_path / "run"
    config = tiny(first=60, second=20, save_minutes=0.0001)
    run = started("--config", config, "--out", out)
    saved(run, out)
    size = (out / "checkpoint.npz").stat().st_size
    resource.prlimit(run.pid, resource.RLIMIT_FSIZE, (size // 2, size // 2))
    _, err = run.communicate(timeout=120)
    assert run.returncode == 4
    assert "checkpoint.npz" in err
    step, _ = state(out)
    assert 0 < step < 80
    assert skerry("train", "--config", config, "--out", out).code == 0
    assert state(out)[0] == 80


def test_a_finished_run_is_not_done_again_and_another_one_does_not_touch_it(
    skerry: Callable[..., object], tiny: Callable[..., Path], tmp_path: Path
) -> None:
    out = tmp_path / "run"
    assert skerry("train", "--config", tiny(first=2, second=1), "--out", out).code == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    again = skerry("train", "--config", tiny(first=2, second=1), "--out", out)
    assert (again.code, "finished already" in again.out) == (0, True)
    other = skerry("train", "--config", tiny(first=3, second=1), "--out", out)
    assert other.code == 2
    assert "another configuration" in other.err
    assert "--out" in other.err
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_folder_belongs_to_one_run_at_a_time(
    skerry: Callable[..., object], tiny: Callable[..., Path], tmp_path: Path
) -> None:
    with hold_folder(tmp_path / "run", "tiny"):
        refused = skerry("train", "--config", tiny(), "--out", tmp_path / "run")
    assert refused.code == 2
    assert "another training runs in this folder" in refused.err


def test_a_damaged_checkpoint_is_named(
    skerry: Callable[..., object], tiny: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/checkpoint.npz").write_bytes(b"PK nothing")
    refused = skerry("train", "--config", tiny(), "--out", tmp_path / "run")
    assert refused.code == 4
    assert "checkpoint.npz" in refused.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(
    skerry: Callable[..., object], tiny: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    refused = skerry("train", "--config", tiny(), "--out", tmp_path / "closed/run")
    assert refused.code == 4
    assert "closed" in refused.err


def test_a_configuration_is_needed(skerry: Callable[..., object]) -> None:
    refused = skerry("train")
    assert refused.code == 2
    assert "--config" in refused.err


@pytest.mark.parametrize("name", ["signs", "finetune"])
def test_an_example_configuration_can_be_had(skerry: Callable[..., object], name: str) -> None:
    shown = skerry("train", "--example-config", name)
    assert shown.code == 0
    assert "[[stages]]" in shown.out


def test_what_is_missing_of_a_finished_run_is_written_again_where_the_folder_is_now(
    skerry: Callable[..., object], tiny: Callable[..., Path], tmp_path: Path
) -> None:
    config = tiny(first=2, second=1)
    assert skerry("train", "--config", config, "--out", tmp_path / "run").code == 0
    expected = (tmp_path / "run" / "tiny.weights").read_bytes()
    moved = (tmp_path / "run").rename(tmp_path / "moved")
    (moved / "tiny.weights").unlink()
    again = skerry("train", "--config", config, "--out", moved)
    assert again.code == 0, again.err
    assert (moved / "tiny.weights").read_bytes() == expected
    finished = skerry("train", "--config", config, "--out", moved, "--json")
    assert {Path(path) for path in json.loads(finished.out)["files"].values()} == {
        moved / "tiny.cfg",
        moved / "tiny.weights",
        moved / "tiny.names",
    }


def test_a_finished_summary_of_an_earlier_run_does_not_end_one_that_was_interrupted(
    skerry: Callable[..., object], tiny: Callable[..., Path], tmp_path: Path
) -> None:
    out, config = tmp_path / "run", tiny(first=2, second=1)
    assert skerry("train", "--config", config, "--out", out).code == 0
    whole = read_checkpoint(out / "checkpoint.npz")
    assert whole is not None
    write_checkpoint(out / "checkpoint.npz", replace(whole, position=replace(whole.position, step=2, images=8)))
    assert "going on from step 2" in skerry("train", "--config", config, "--out", out).out

    write_checkpoint(out / "checkpoint.npz", replace(whole, state=whole.state[:-1]))
    (out / "training.json").unlink()
    refused = skerry("train", "--config", config, "--out", out)
    assert refused.code == 4
    assert "the checkpoint is not of this network" in refused.err
    assert "remove it to begin anew" in refused.err


def test_a_network_that_no_training_wrote_is_not_replaced(
    skerry: Callable[..., object], tiny: Callable[..., Path], tmp_path: Path
) -> None:
    mine = tmp_path / "run" / "tiny.weights"
    mine.parent.mkdir()
    mine.write_bytes(b"a month of work")
    refused = skerry("train", "--config", tiny(first=2, second=1), "--out", mine.parent)
    assert refused.code == 2
    assert str(mine) in refused.err
    assert mine.read_bytes() == b"a month of work"


@pytest.mark.parametrize("content", [b"{", b'{"name": "\xff"}', b"[" * 100_000])
def test_a_damaged_summary_is_named(
    skerry: Callable[..., object], tiny: Callable[..., Path], tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "training.json").write_bytes(content)
    refused = skerry("train", "--config", tiny(first=2, second=1), "--out", tmp_path / "run")
    assert refused.code == 4
    assert "training.json" in refused.err
    assert "remove it" in refused.err

"""`skerry bench --peer`: the same network by other tools, and what is said where one cannot be had."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
QUICK = ("--duration", 0, "--calls", 5, "--json", "-")


@pytest.fixture(scope="module")
def yolo_fastest(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of a small network with real Darknet files."""
    pytest.importorskip("onnx", reason="the extra 'convert' is not installed")
    folder, path = shared_data / "darknet", tmp_path_factory.mktemp("bundle") / "fast.skerry"
    files = ["--weights", folder / "yolo-fastest-voc.weights", "--labels", folder / "voc.names"]
    line = [sys.executable, "-m", "skerry_edge", "convert", folder / "yolo-fastest-voc.cfg", *files]
    subprocess.run([*map(str, line), "--to", "onnx-fp32", "--out", str(path)], check=True, capture_output=True)
    return path


def test_peers_stand_in_the_row_with_ratio_and_interval(skerry: Run, discs: Path) -> None:
    done = skerry("bench", discs, "--variants", "tflite-fp32", "--peer", "litert", "--peer", "opencv", *QUICK)
    assert done.code == 0
    litert, opencv = done.json["rows"][0]["peers"]
    assert (litert["peer"], litert["computes"]) == ("litert", "tflite-fp32")
    assert (opencv["peer"], opencv["computes"]) == ("opencv", "onnx-fp32")
    for one in (litert, opencv):
        assert one["outcome"] == "measured"
        assert 0 < one["low"] <= one["high"]
        assert one["ratio"] == pytest.approx(one["peer_ms"] / one["ours_ms"], rel=0.01)


def test_darknet_runs_the_files_that_the_bundle_was_made_from(
    skerry: Run, yolo_fastest: Path, shared_data: Path, need_program: Callable[[str], str]
) -> None:
    need_program("darknet")
    folder = shared_data / "darknet"
    files = ("--cfg", folder / "yolo-fastest-voc.cfg", "--weights", folder / "yolo-fastest-voc.weights")
    done = skerry("bench", yolo_fastest, "--peer", "darknet", *files, *QUICK)
    assert done.code == 0
    (peer,) = done.json["rows"][0]["peers"]
    assert peer["outcome"] == "measured"
    assert peer["ratio"] > 1


@pytest.mark.parametrize(
    ("cfg", "weights", "words"),
    [
        ("yolo-fastest-voc.cfg", "voc.names", "not the weights"),
        ("voc.names", "yolo-fastest-voc.weights", "not the cfg"),
        ("yolo-fastest-voc.weights", "yolo-fastest-voc.cfg", "not the cfg"),
    ],
)
def test_other_files_than_those_that_the_bundle_was_made_from_are_refused(
    skerry: Run, yolo_fastest: Path, shared_data: Path, cfg: str, weights: str, words: str
) -> None:
    files = ("--cfg", shared_data / "darknet" / cfg, "--weights", shared_data / "darknet" / weights)
    done = skerry("bench", yolo_fastest, "--peer", "darknet", *files, *QUICK)
    assert done.code == 2
    assert words in done.err


def test_a_tool_that_is_not_installed_is_told_in_the_row_and_is_no_failure(
    skerry: Run, discs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "skerry_edge.bench.speed.peers.registry.missing_reason", lambda name: f"no {name}: pip install it"
    )
    done = skerry("bench", discs, "--variants", "onnx-fp32", "--peer", "openvino", *QUICK)
    assert done.code == 0
    (peer,) = done.json["rows"][0]["peers"]
    assert peer["outcome"] == "not run"
    assert "pip install it" in peer["reason"]


def test_a_tool_that_crashes_is_told_in_the_row_and_is_a_failure(
    skerry: Run, discs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Stands in for a tool that takes its process along: everything else is the real thing.
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "if any('peers.opencv' in one for one in sys.orig_argv): os.kill(os.getpid(), signal.SIGSEGV)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = skerry("bench", discs, "--variants", "onnx-fp32", "--peer", "opencv", *QUICK)
    assert done.code == 1
    row = done.json["rows"][0]
    assert row["outcome"] == "measured"
    assert row["peers"][0]["outcome"] == "failed"
    assert "SIGSEGV" in row["peers"][0]["reason"]


def test_a_tool_that_reads_no_file_of_the_bundle_is_told_in_the_row(skerry: Run, yolo_fastest: Path) -> None:
    done = skerry("bench", yolo_fastest, "--peer", "litert", *QUICK)
    assert done.code == 0
    assert "litert reads" in done.json["rows"][0]["peers"][0]["reason"]

"""What `skerry convert` asks for and refuses: targets, data, and options of another kind of source."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_converters.conversion import making
from skerry_converters.families.apart import make_apart
from skerry_converters.families.base import Emitted
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.foundation.errors import DataError

Skerry = Callable[..., object]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--to", "tflite-int8"], ["target 'tflite-int8' cannot be made", "--calibration"]),
        (["--to", "onnx-int9"], ["unknown target", "did you mean 'onnx-int8'?"]),
        (["--to", "all,onnx-int8"], ["'all' stands for every target"]),
        ([], ["Missing option '--to'"]),
        (["--to", "onnx-fp32", "--manifest", "x.toml"], ["--manifest is for sources other than Darknet's"]),
        (["--to", "onnx-fp32", "--input-shape", "1,3,32,32"], ["--input-shape is for sources other than Darknet's"]),
        (["--to", "onnx-fp32", "--samples", "0"], ["--samples"]),
    ],
)
def test_wrong_usage_is_refused_before_any_work(skerry: Skerry, tiny: list[object], more: list, words: list) -> None:
    run = skerry(*tiny, *more)
    assert run.code == 2
    assert all(word in run.err for word in words), run.err
    assert not tiny[-1].exists()


def test_the_page_is_never_written_over_the_bundle(skerry: Skerry, tiny: list[object]) -> None:
    run = skerry(*tiny, "--to", "onnx-fp32", "--report", tiny[-1])
    assert run.code == 2
    assert "the page would be written over the bundle" in run.err


def test_a_darknet_source_without_weights_is_wrong_usage(skerry: Skerry, tiny: list[object]) -> None:
    run = skerry("convert", tiny[1], "--labels", tiny[5], "--to", "onnx-fp32", "--out", tiny[-1])
    assert run.code == 2
    assert "a Darknet source needs --weights" in run.err


def test_a_foreign_source_takes_no_darknet_options(skerry: Skerry, tiny: list[object], tmp_path: Path) -> None:
    source = tmp_path / "net.onnx"
    source.write_bytes(b"")
    run = skerry("convert", source, "--resize", "stretch", "--to", "onnx-fp32", "--out", tiny[-1])
    assert run.code == 2
    assert "--resize is for Darknet sources alone" in run.err


@pytest.mark.parametrize("data", ["--calibration", "--gate-data"])
def test_data_that_is_not_there_is_named(skerry: Skerry, tiny: list[object], tmp_path: Path, data: str) -> None:
    run = skerry(*tiny, "--to", "onnx-fp32", data, tmp_path / "nowhere")
    assert run.code == 4
    assert "nowhere" in run.err


def test_without_gate_data_a_part_is_set_aside_and_the_report_says_so(
    skerry: Skerry, tiny: list[object], pictures: Path
) -> None:
    run = skerry(*tiny, "--to", "onnx-int8", "--calibration", pictures)
    assert run.code in (0, 1)
    assert "Judged on 2 pictures, without labels: a part of the calibration data that was set aside." in run.out
    assert "warning: only 8 pictures to calibrate with" in run.err


def test_gate_data_that_was_calibrated_with_is_warned_of(skerry: Skerry, tiny: list[object], pictures: Path) -> None:
    run = skerry(*tiny, "--to", "onnx-fp32", "--calibration", pictures, "--gate-data", pictures)
    assert run.code == 0
    assert "10 of 10 gate samples were calibrated with" in run.err


def test_without_any_data_the_table_says_that_inputs_were_made(skerry: Skerry, tiny: list[object]) -> None:
    run = skerry(*tiny, "--to", "onnx-fp32")
    assert run.code == 0
    assert "No data was given, so 8 pictures were made from a seed to judge by" in run.out


def test_a_target_that_its_tool_cannot_make_does_not_stop_the_others(
    skerry: Skerry, tiny: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(target: str, *rest: object, **options: object) -> Emitted:
        if target == "openvino-fp16":
            raise DataError("OpenVINO cannot convert the network", found="an operator that it lacks")
        return make_apart(target, *rest, **options)

    monkeypatch.setattr(making, "make_apart", make)
    run = skerry(*tiny, "--to", "openvino-fp16,onnx-fp32", "--json")
    assert run.code == 1
    assert "1 of 2 targets could not be made; the bundle holds the others" in run.err
    assert "an operator that it lacks" in json.loads(run.out)["not_made"]["openvino-fp16"]
    assert list(Bundle.open(tiny[-1]).manifest.variants) == ["onnx-fp32"]
    alone = skerry(*tiny, "--to", "openvino-fp16")
    assert alone.code == 4
    assert alone.err.startswith("error: OpenVINO cannot convert the network")


@pytest.fixture
def interrupted(tiny: list[object], tmp_path: Path, eventually: Callable[..., None]) -> Callable[[signal.Signals], int]:
    """Return a function that starts a conversion, ends it by a signal in the middle, and gives its exit code.

    Its temporary files are in the folder `work`, its home is the empty folder `home`.
    """
    work, home = tmp_path / "work", tmp_path / "home"
    work.mkdir()
    home.mkdir()

    def run(ending: signal.Signals) -> int:
        command = [sys.executable, "-m", "skerry_edge", *map(str, tiny), "--to", "onnx-fp32,tflite-fp32"]
        with subprocess.Popen(
            command, env={**os.environ, "TMPDIR": str(work), "HOME": str(home)}, stderr=subprocess.DEVNULL
        ) as process:
            try:
                eventually(lambda: list(work.glob("*/*/onnx-fp32/*.onnx")), what="the first file is being written")
            finally:
                process.send_signal(ending)
        return process.returncode

    return run


def test_a_kill_in_the_middle_leaves_no_half_bundle(
    tiny: list[object], tmp_path: Path, interrupted: Callable[[signal.Signals], int]
) -> None:
    out = tiny[-1]
    out.write_bytes(b"old")
    before = sorted(path.name for path in tmp_path.iterdir())
    assert interrupted(signal.SIGKILL) == -signal.SIGKILL
    assert out.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize(("ending", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_an_interrupted_conversion_leaves_no_temporary_file(
    tmp_path: Path, interrupted: Callable[[signal.Signals], int], ending: signal.Signals, code: int
) -> None:
    assert interrupted(ending) == code
    assert list((tmp_path / "work").iterdir()) == []


def test_a_conversion_writes_nothing_into_a_persons_home(
    tiny: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, skerry: Skerry
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    assert skerry(*tiny, "--to", "tflite-fp32").code == 0
    assert list(home.rglob("*")) == []


def test_explain_tells_what_an_edge_tpu_would_run(skerry: Skerry, shared_data: Path) -> None:
    run = skerry(
        "convert", "--explain", "edgetpu", shared_data / "edgetpu/mobilenet_v1_0.25_128_quant.tflite", "--json"
    )
    assert run.code == 0
    operators = json.loads(run.out)["operators"]
    assert operators[0] | {"reason": None} == {"name": "CONV_2D", "index": 0, "mapped": True, "reason": None} | {
        key: value for key, value in operators[0].items() if key not in ("name", "index", "mapped", "reason")
    }


def test_explain_takes_no_option_of_a_conversion(skerry: Skerry, tmp_path: Path) -> None:
    run = skerry("convert", "--explain", "edgetpu", tmp_path / "net.tflite", "--out", tmp_path / "net.skerry")
    assert run.code == 2
    assert "'--out' does not go with --explain." in run.err


def test_points_cannot_be_promised_without_labels(skerry: Skerry, tiny: list[object], pictures: Path) -> None:
    run = skerry(*tiny, "--to", "onnx-int8", "--calibration", pictures, "--max-drop", "1")
    assert run.code == 2
    assert "where: --max-drop" in run.err
    assert "found: pictures without labels" in run.err
    assert not tiny[-1].exists()


def test_a_budget_without_anything_to_search_for_is_refused(skerry: Skerry, tiny: list[object]) -> None:
    run = skerry(*tiny, "--to", "onnx-fp32", "--budget", "60")
    assert run.code == 2
    assert "give --max-drop as well" in run.err

"""Darknet networks to every target by one command, gates included, and every variant run as a device runs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from skerry_converters.families.registry import TARGETS
from skerry_edge.contracts.bundle import Bundle

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
TINY_YOLO = Path("/usr/share/darknet/cfg/yolov2-tiny-voc.cfg")
EXACT = "onnx-fp32"
FLOATS = ("onnx-fp16", "tflite-fp32", "tflite-fp16", "openvino-fp16")


@pytest.fixture(scope="module", params=["tiny-yolo", "yolo-fastest"])
def files(
    request: pytest.FixtureRequest,
    shared_data: Path,
    seeded_weights: Callable[..., bytes],
    tmp_path_factory: pytest.TempPathFactory,
) -> list[object]:
    """The arguments that name a network: TinyYOLOv2 of full width with seeded weights, and one that was trained."""
    if request.param == "yolo-fastest":
        folder = shared_data / "darknet"
        named = [folder / name for name in ("yolo-fastest-voc.cfg", "yolo-fastest-voc.weights", "voc.names")]
        return [named[0], "--weights", named[1], "--labels", named[2]]
    if not TINY_YOLO.is_file():
        pytest.skip("Debian's package darknet is not installed: run `make deps` as root")
    folder = tmp_path_factory.mktemp("tiny")
    # Each anchor: centre, size, objectness, 20 classes; wide class logits and a low objectness leave a handful.
    scales = np.tile([1.0, 1.0, 0.4, 0.4, 2.5] + [3.0] * 20, 5)
    bias = np.tile([0.0, 0.0, 0.0, 0.0, -7.0] + [0.0] * 20, 5)
    (folder / "tiny.weights").write_bytes(seeded_weights(TINY_YOLO, 5, scales, bias, 128))
    (folder / "tiny.names").write_text("".join(f"class {number}\n" for number in range(20)))
    named = [TINY_YOLO, "--weights", folder / "tiny.weights", "--labels", folder / "tiny.names"]
    return [*named, "--resize", "letterbox"]


@pytest.fixture(scope="module")
def converted(
    files: list[object],
    command: Callable[..., object],
    halves: tuple[Path, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[object, Path]:
    """What the command gave, and the bundle that it wrote."""
    pytest.importorskip("tflite_micro", reason="its wheels are for Linux on x86-64")
    out = tmp_path_factory.mktemp("bundle") / "all.skerry"
    data = ["--calibration", halves[0], "--gate-data", halves[1]]
    return command("convert", *files, "--to", "all", *data, "--out", out, "--json"), out


def test_every_target_is_made_and_passes_by_the_boxes_that_its_source_finds(converted) -> None:
    done, out = converted
    assert done.code == 0, done.err
    assert done.outcomes == dict.fromkeys(TARGETS, "passed")
    assert set(Bundle.open(out).manifest.variants) == set(TARGETS)
    rows = {row["variant"]: row for row in done.told["variants"]}
    assert all(row["boxes"]["source_boxes"] >= 50 for row in rows.values())
    integers = [row for name, row in rows.items() if "int8" in name]
    assert {row["decided_by"] for row in integers} == {"boxes"}
    assert all(row["integer_macs_share"] == 1.0 for row in integers)


def test_detect_finds_with_every_variant_that_runs_here_what_it_finds_with_the_exact_one(
    converted, matched_share
) -> None:
    _, out = converted
    for name, variant in Bundle.open(out).manifest.variants.items():
        if variant.format in ("mcu", "edgetpu"):
            continue
        needed = 0.95 if name in FLOATS else 0.75
        assert matched_share(out, EXACT, name) >= needed, name


def test_what_no_computer_runs_is_told_so(converted, command, few) -> None:
    done = command("detect", converted[1], few, "--variant", "mcu-int8")
    assert done.code == 2
    assert "no backend loads mcu files" in done.err

"""TinyYOLOv2 to all targets by the one command, gates included: its time, its memory, and the files' sizes."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.peak_memory import peak_memory
from benchmarks.report import Figure, at_least, at_most, not_measured
from benchmarks.tiny_yolo import CFG, CLASSES, seeded_weights
from benchmarks.voc_halves import data_folder, photographs

from skerry_converters.families.registry import TARGETS

MOST_S = 480.0
MOST_MB = 4096.0
MOST_INT8_SHARE = 0.26
SHARES = ("onnx-int8", "tflite-int8", "openvino-int8")


def all_targets_figures() -> list[Figure]:
    """Run the command on photographs, half of them to calibrate with and the others for the gates."""
    reason = _missing()
    if reason:
        return [not_measured("tiny_yolo_all_targets_s", f"<= {MOST_S:g}", "s", reason)]
    with tempfile.TemporaryDirectory() as work:
        line = _command(Path(work))
        began = time.perf_counter()
        with peak_memory() as memory:
            done = subprocess.run(line, capture_output=True, text=True, check=False)
        elapsed_s = time.perf_counter() - began
    if done.returncode not in (0, 1):
        return [not_measured("tiny_yolo_all_targets_s", f"<= {MOST_S:g}", "s", done.stderr.strip()[:300])]
    told = json.loads(done.stdout)
    sizes = {row["variant"]: row["size"] for row in told["variants"]}
    passed = sum(row["passed"] for row in told["variants"])
    left_out = "; ".join(f"{name}: {reason}" for name, reason in {**told["left_out"], **told["not_made"]}.items())
    shares = [_share(name, sizes) for name in SHARES if name in sizes]
    return [
        at_most(
            "tiny_yolo_all_targets_s", elapsed_s, MOST_S, "s", "one command: 25 photographs to calibrate, 25 to judge"
        ),
        at_most("tiny_yolo_peak_mb", memory.mb, MOST_MB, "MB", "the command, its children, and this process at once"),
        at_least("tiny_yolo_targets_passed", passed, len(TARGETS), "", left_out),
        *shares,
    ]


def _missing() -> str | None:
    if not CFG.is_file():
        return f"{CFG.name} is not there: install Debian's package darknet"
    try:
        data_folder()
    except FileNotFoundError as error:
        return str(error)
    return None


def _command(work: Path) -> list[str]:
    """Write the network and link the photographs into ``work``; return the command that converts it."""
    weights, labels = work / "tiny.weights", work / "tiny.names"
    weights.write_bytes(seeded_weights(seed=0))
    labels.write_text("".join(f"class {number}\n" for number in range(CLASSES)), encoding="utf-8")
    paths = photographs(data_folder())
    for name, half in (("calibration", paths[0::2]), ("gate", paths[1::2])):
        (work / name).mkdir()
        for path in half:
            (work / name / path.name).symlink_to(path)
    return [
        *(sys.executable, "-m", "skerry_edge", "convert", str(CFG)),
        *("--weights", str(weights), "--labels", str(labels), "--resize", "letterbox", "--to", "all"),
        *("--calibration", str(work / "calibration"), "--gate-data", str(work / "gate")),
        *("--out", str(work / "tiny.skerry"), "--json"),
    ]


def _share(name: str, sizes: dict[str, int]) -> Figure:
    family = name.partition("-")[0]
    # OpenVINO has no file of full floats; the same weights in ONNX take as much.
    whole = sizes.get(f"{family}-fp32", sizes["onnx-fp32"])
    return at_most(f"tiny_yolo_{name.replace('-', '_')}_size_share", sizes[name] / whole, MOST_INT8_SHARE)

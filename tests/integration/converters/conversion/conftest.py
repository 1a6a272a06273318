"""Sources of every kind, data for them, and one conversion that several tests look at."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

GOLDEN = Path(__file__).parent.parent / "golden"
FASTEST_TARGETS = ("onnx-fp32", "onnx-int8", "tflite-int8", "tflite-dynamic", "openvino-int8")
PHOTOGRAPHS = 12


@pytest.fixture
def tiny(tmp_path: Path) -> list[object]:
    """The arguments of a conversion of a small Darknet network, but for the targets; it writes tiny.skerry."""
    weights, labels = tmp_path / "tiny.weights", tmp_path / "tiny.names"
    cfg = Path(shutil.copy(GOLDEN / "two_scales.cfg", tmp_path / "tiny.cfg"))
    weights.write_bytes(np.load(GOLDEN / "two_scales.npz")["weights"].tobytes())
    labels.write_text("cat\ndog\n")
    return ["convert", cfg, "--weights", weights, "--labels", labels, "--out", tmp_path / "tiny.skerry"]


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of ten pictures, no two alike."""
    folder = tmp_path_factory.mktemp("pictures")
    for seed in range(10):
        random = np.random.default_rng(seed)
        coarse = random.integers(0, 256, (6, 8, 3)).astype(np.uint8)
        cv2.imwrite(str(folder / f"{seed}.png"), cv2.resize(coarse, (64, 48), interpolation=cv2.INTER_CUBIC))
    return folder


@dataclass(frozen=True)
class Converted:
    """A finished conversion: what was printed, the bundle, the page, and the photographs it was judged on."""

    done: subprocess.CompletedProcess[str]
    bundle: Path
    page: Path
    photographs: Path


@pytest.fixture(scope="session")
def fastest(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Converted:
    """Yolo-Fastest converted for every runtime, calibrated on twelve photographs and judged on twelve others."""
    folder = tmp_path_factory.mktemp("fastest")
    photographs = sorted((shared_data / "voc/images").iterdir())
    calibration, gate = folder / "calibration", folder / "gate"
    calibration.mkdir()
    for path in photographs[:PHOTOGRAPHS]:
        (calibration / path.name).symlink_to(path)
    for kind, suffix in (("images", ".jpg"), ("annotations", ".xml")):
        (gate / kind).mkdir(parents=True)
        for path in photographs[PHOTOGRAPHS : 2 * PHOTOGRAPHS]:
            (gate / kind / f"{path.stem}{suffix}").symlink_to(shared_data / "voc" / kind / f"{path.stem}{suffix}")
    source = shared_data / "darknet"
    out, page = folder / "fastest.skerry", folder / "fastest.html"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "skerry_edge", "convert", source / "yolo-fastest-voc.cfg"),
            *("--weights", source / "yolo-fastest-voc.weights", "--labels", source / "voc.names"),
            *("--calibration", calibration, "--gate-data", gate),
            # A budget of nothing leaves the plain files, and a limit that few photographs can hold.
            *("--max-drop", "10", "--budget", "0"),
            *("--to", ",".join(FASTEST_TARGETS), "--out", out, "--report", page, "--json"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return Converted(done=done, bundle=out, page=page, photographs=gate / "images")


@pytest.fixture
def classifier(tmp_path: Path) -> Callable[..., list[object]]:
    """Return a function that gives the arguments for a foreign network of pictures, described as a classifier."""

    def arguments(source: Path, *more: object) -> list[object]:
        manifest = tmp_path / "foreign.toml"
        manifest.write_text(
            'labels = ["a", "b", "c"]\n[input]\ncolour = "rgb"\n'
            '[output]\nkind = "classification"\nclasses = 3\nscore_threshold = 0.0\ntop_k = 3\n'
        )
        return ["convert", source, "--manifest", manifest, "--out", tmp_path / "foreign.skerry", *more]

    return arguments

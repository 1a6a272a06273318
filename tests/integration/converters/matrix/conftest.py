"""The command in a process of its own, photographs for it, and every variant that it made run by `skerry detect`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skerry_converters.gates.boxes import pair
from skerry_converters.toolchains.onnx2tf import ONNX2TF
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.foundation.errors import MissingError
from skerry_edge.vision.detections import Detections

LOOKED_AT = 6
MAKE_ONNX = Path(__file__).parent / "make_onnx_networks.py"


@dataclass(frozen=True)
class Done:
    """What the command gave."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> dict[str, Any]:
        """What it printed as JSON."""
        told: dict[str, Any] = json.loads(self.out)
        return told

    @property
    def outcomes(self) -> dict[str, str]:
        """The verdict for each variant."""
        return {row["variant"]: row["outcome"] for row in self.told["variants"]}


@pytest.fixture(scope="session")
def command() -> Callable[..., Done]:
    """Return a function that runs `skerry` with its arguments as a person does."""

    def run(*arguments: object) -> Done:
        line = [sys.executable, "-m", "skerry_edge", *map(str, arguments)]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        return Done(code=done.returncode, out=done.stdout, err=done.stderr)

    return run


@pytest.fixture(scope="session")
def halves(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two folders of 25 photographs each, without their labels: one to calibrate with and one to judge by."""
    paths = sorted((shared_data / "voc/images").iterdir())
    return _linked(tmp_path_factory.mktemp("calibration"), paths[1::2]), _linked(
        tmp_path_factory.mktemp("gate"), paths[0::2]
    )


@pytest.fixture(scope="session")
def few(halves: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few of the photographs that nothing was calibrated with."""
    return _linked(tmp_path_factory.mktemp("few"), sorted(halves[1].iterdir())[:LOOKED_AT])


def _linked(folder: Path, paths: list[Path]) -> Path:
    for path in paths:
        (folder / path.name).symlink_to(path.resolve())
    return folder


@pytest.fixture(scope="session")
def found_by(command: Callable[..., Done], few: Path) -> Callable[[Path, str], dict[str, Detections]]:
    """Return a function that lets one variant of a bundle detect, and gives what it found in each photograph."""

    def detect(bundle: Path, variant: str) -> dict[str, Detections]:
        labels = Bundle.open(bundle).manifest.labels
        done = command("detect", bundle, few, "--variant", variant, "--json")
        assert done.code == 0, done.err
        frames = [json.loads(line) for line in done.out.splitlines()]
        assert len(frames) == LOOKED_AT
        return {Path(one["source"]).name: _detections(one["detections"], labels) for one in frames}

    return detect


def _detections(told: list[dict[str, Any]], labels: tuple[str, ...]) -> Detections:
    return Detections(
        boxes_px=np.array([one["box"] for one in told], np.float32).reshape(-1, 4),
        scores=np.array([one["score"] for one in told], np.float32),
        class_ids=np.array([labels.index(one["label"]) for one in told], np.int64),
    )


@pytest.fixture(scope="session")
def matched_share(found_by: Callable[[Path, str], dict[str, Detections]]) -> Callable[[Path, str, str], float]:
    """Return a function that gives the share of one variant's boxes that another finds, of one class at IoU 0.5."""

    def share(bundle: Path, exact: str, other: str) -> float:
        wanted, found = found_by(bundle, exact), found_by(bundle, other)
        count = sum(len(one) for one in wanted.values())
        assert count >= LOOKED_AT
        return sum(len(pair(wanted[name], found[name]).first) for name in wanted) / count

    return share


@pytest.fixture(scope="session")
def onnx2tf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have onnx2tf: the environment that is there, else one made for this session; skip where it cannot be made."""
    with pytest.MonkeyPatch.context() as patched:
        if not ONNX2TF.python.exists():
            patched.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        try:
            ONNX2TF.ensure()
        except MissingError as error:
            pytest.skip(str(error))
        yield


@pytest.fixture(scope="session")
def onnx_mobilenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of 96x96 pictures with an open batch."""
    return _onnx("mobilenet", tmp_path_factory)


@pytest.fixture(scope="session")
def onnx_yolo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector on 128x128 pictures, as Ultralytics exports YOLOv8."""
    return _onnx("yolo", tmp_path_factory)


def _onnx(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("onnx", reason="the extra 'convert' is not installed")
    path = tmp_path_factory.mktemp("onnx") / f"{kind}.onnx"
    subprocess.run([sys.executable, str(MAKE_ONNX), kind, str(path)], check=True, capture_output=True)
    return path

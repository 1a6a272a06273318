"""A bundle of two variants with its gates' figures, and results of benchmarks of it on machines of all kinds."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from skerry_edge.bench.speed.result import SCHEMA, Accuracy, Input, Machine, Row, SpeedReport, Spread
from skerry_edge.contracts.bundle import Bundle

HERE = Machine(
    processor="Workstation",
    architecture="x86_64",
    cores=8,
    memory_mb=32_000,
    features=(),
    board=None,
    governor=None,
    system="Linux 6.12",
    load_1min=0.0,
)
PI_5 = msgspec.structs.replace(
    HERE,
    processor="Arm implementer 0x41 part 0xd0b",
    architecture="aarch64",
    cores=4,
    memory_mb=8000,
    board="Raspberry Pi 5 Model B Rev 1.0",
)
FOUND = [0, 0.9, 0.2, 0.2, 0.6, 0.6]
"""A detection of the first label, right on the object that `LABELLED` shows in every picture."""
LABELLED = [("disc", 21, 21, 60, 60)]


@pytest.fixture
def model(telling_bundle: Callable[..., Path]) -> Path:
    """A bundle whose fp32 variant finds the object in each of four pictures, and whose int8 variant in two."""
    return telling_bundle(["disc"], {"onnx-fp32": [[FOUND]] * 4, "onnx-int8": [[FOUND], [FOUND], [], []]})


@pytest.fixture
def pictures(voc_folder: Callable[..., Path]) -> Path:
    """Four pictures with one object each."""
    return voc_folder(*[LABELLED] * 4)


@pytest.fixture
def gated() -> Callable[..., Path]:
    """Return a function that adds `gates.json` to a bundle: drops in points by variant, or the file's very text."""

    def add(path: Path, drops: Mapping[str, tuple[float, float, float]] | str) -> Path:
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("gates.json", drops if isinstance(drops, str) else json.dumps(_gates(drops)))
        return path

    return add


def _gates(drops: Mapping[str, tuple[float, float, float]]) -> dict[str, Any]:
    shared = {"images": 40, "objects": 90, "source_ap50": 90.0}
    accuracies = {
        name: {**shared, "variant_ap50": 90.0 - drop, "drop": drop, "drop_low": low, "drop_high": high}
        for name, (drop, low, high) in drops.items()
    }
    reports = [{"variant": name, "verdict": {"outcome": "passed"}, "accuracy": one} for name, one in accuracies.items()]
    return {"schema": 1, "reports": reports}


@pytest.fixture
def results(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes what `skerry bench --json` would of a bundle: p95 by variant, and a machine."""

    def write(name: str, bundle: Path, p95_ms: Mapping[str, float], *, on: Machine = HERE, **changed: Any) -> Path:
        manifest = Bundle.open(bundle).manifest
        rows = tuple(
            Row(
                model=changed.get("model", manifest.name),
                version=manifest.version,
                variant=variant,
                backend="onnx",
                threads=0,
                outcome="measured",
                size_bytes=changed.get("size_bytes", manifest.variants[variant].size),
                stages_ms={"end_to_end": Spread(p50=time, p90=time, p95=time, p99=time, max=time)},
                blocks_ms=((time,),),
                calls=1,
                peak_memory_mb=100.0,
                disturbed=changed.get("disturbed", ()),
                accuracy=_accuracy(changed.get("ap50", {}).get(variant)),
            )
            for variant, time in p95_ms.items()
        )
        report = SpeedReport(
            schema=SCHEMA,
            kind="skerry-bench",
            measured_ms=changed.get("measured_ms", 1),
            machine=on,
            versions={},
            input=Input(source="noise", pictures=1, width_px=8, height_px=8, sha256="0" * 64),
            rows=rows,
            not_measured={},
            confidence=0.95,
        )
        path = tmp_path / name
        path.write_bytes(msgspec.json.encode(report))
        return path

    return write


def _accuracy(ap50: float | None) -> Accuracy | None:
    return None if ap50 is None else Accuracy(ap50=ap50, ap50_low=None, ap50_high=None, coco_ap=None, images=50)


@pytest.fixture
def recommend(skerry: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that runs `skerry recommend`."""
    return lambda *arguments: skerry("recommend", *arguments)


@pytest.fixture
def pi_5() -> Machine:
    """A Raspberry Pi 5, as a benchmark describes it."""
    return PI_5

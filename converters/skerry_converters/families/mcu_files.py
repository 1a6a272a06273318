"""Sources for microcontrollers: the int8 TFLite file as C, measured and compared in TensorFlow Lite Micro."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from skerry_converters.families.base import Built, Samples, Target, turned
from skerry_converters.families.tflite_files import build_tflite
from skerry_converters.mcu.artifacts import RUNS, make_mcu
from skerry_converters.sources.base import FormName, SourceModel
from skerry_edge.backends.base import Array
from skerry_edge.contracts.manifest import Tensor
from skerry_edge.foundation.errors import VerdictError
from skerry_edge.vision.normalise import stored

MACS_COMPARED = 8_000_000_000
"""How much the comparison may compute: TensorFlow Lite Micro's plain kernels do some hundred million a second."""


def _int8(source: SourceModel, form: FormName, samples: Samples | None, folder: Path) -> Built:
    """Quantize to int8 throughout, write it as C, and compare TensorFlow Lite Micro with LiteRT on real inputs."""
    built = build_tflite(source, form, "int8", samples, folder)
    tflite = built.files[0]
    name = Path(source.facts.where).stem or "model"
    runs = max(1, min(RUNS, MACS_COMPARED // max(1, built.macs.total)))
    inputs = _quantized(samples, source.facts.inputs, built.inputs, runs) if samples is not None else None
    made = make_mcu(tflite.read_bytes(), name, inputs=inputs)
    if made.problems:
        raise VerdictError(
            "the network does not compute the same on a microcontroller",
            where=source.facts.where,
            found="; ".join(made.problems),
        )
    files = []
    for file, data in sorted(made.files.items(), key=lambda one: not one[0].endswith(".cc")):
        path = folder / file
        path.write_bytes(data)
        files.append(path)
    arena = f"it needs an arena of {made.arena.total_bytes} bytes and {tflite.stat().st_size} bytes of flash"
    return replace(built, files=tuple(files), runnable=tflite, notes=(arena, *made.notes), footprint=made.footprint)


def _quantized(samples: Samples, source: Sequence[Tensor], wanted: Sequence[Tensor], runs: int) -> tuple[Array, ...]:
    """Return the first samples as the quantized input stores them, one row a run."""
    fitting = turned(samples, source, wanted)
    rows = [stored(one.astype(np.float64), wanted[0]) for one in itertools.islice(fitting, runs)]
    return (np.stack(rows),)


MCU_TARGETS = (
    Target(
        name="mcu-int8",
        format="mcu",
        precision="int8",
        forms=("function", "tflite"),
        tools=("tensorflow", "keras", "litert-quantizer", "tflite-micro"),
        build=_int8,
        backend="litert",
        calibrated=True,
        keeps_quantized=True,
        extra="convert,mcu",
    ),
)

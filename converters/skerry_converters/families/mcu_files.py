"""Sources for microcontrollers: the int8 TFLite file as C, measured and compared in TensorFlow Lite Micro."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np

from skerry_converters.accuracy.recipe import Goal
from skerry_converters.families.base import Built, Samples, Target, turned, versions
from skerry_converters.families.tflite_files import build_accurate, build_tflite, float_file
from skerry_converters.mcu.artifacts import RUNS, make_mcu
from skerry_converters.sources.base import FormName, SourceFacts, SourceModel
from skerry_edge.backends.base import Array
from skerry_edge.foundation.errors import VerdictError
from skerry_edge.vision.normalise import stored

MACS_COMPARED = 8_000_000_000
"""How much the comparison may compute: TensorFlow Lite Micro's plain kernels do some hundred million a second."""
RUNS_LISTENING = 2000
"""As many inputs of a wake word's network as take a minute to hear: it says nothing for most of the time."""


def _int8(source: SourceModel, form: FormName, samples: Samples | None, folder: Path) -> Built:
    """Quantize to int8 throughout and write it as C."""
    return _in_c(build_tflite(source, form, "int8", samples, folder), source.facts, samples, folder)


def _accurate_int8(source: SourceModel, form: FormName, samples: Samples, folder: Path, goal: Goal) -> Built:
    """Do as `_int8` by a search; no layer stays float, for which most of these processors have no unit."""
    file = float_file(source, form, folder)
    built = build_accurate(file, source.facts, samples, folder, goal, may_keep_float=False)
    return _in_c(built, source.facts, samples, folder)


def _in_c(built: Built, facts: SourceFacts, samples: Samples | None, folder: Path) -> Built:
    """Write an int8 file as C, and compare TensorFlow Lite Micro with LiteRT on real inputs."""
    tflite = built.files[0]
    name = Path(facts.where).stem or "model"
    inputs = _compared(samples, facts, built) if samples is not None else None
    made = make_mcu(tflite.read_bytes(), name, wake_word=facts.description.wake_word, inputs=inputs)
    if made.problems:
        raise VerdictError(
            "the network does not compute the same on a microcontroller",
            where=facts.where,
            found="; ".join(made.problems),
        )
    files = []
    for file, data in sorted(made.files.items(), key=lambda one: not one[0].endswith(".cc")):
        path = folder / file
        path.write_bytes(data)
        files.append(path)
    arena = f"it needs an arena of {made.arena.total_bytes} bytes and {tflite.stat().st_size} bytes of flash"
    return replace(
        built,
        files=tuple(files),
        runnable=tflite,
        tools={**built.tools, **versions("tflite-micro")},
        notes=(arena, *made.notes),
        footprint=made.footprint,
    )


def _compared(samples: Samples, facts: SourceFacts, built: Built) -> tuple[Array, ...]:
    """Return the first samples as the file's one input stores them, one row a run."""
    most = RUNS_LISTENING if facts.description.wake_word else RUNS
    runs = max(1, min(most, MACS_COMPARED // max(1, built.macs.total)))
    if facts.quantized:
        return (np.stack(list(itertools.islice(samples, runs))),)
    fitting = turned(samples, facts.inputs, built.inputs)
    rows = [stored(one.astype(np.float64), built.inputs[0]) for one in itertools.islice(fitting, runs)]
    return (np.stack(rows),)


MCU_TARGETS = (
    Target(
        name="mcu-int8",
        format="mcu",
        precision="int8",
        forms=("function", "tflite"),
        tools=("tensorflow", "keras", "litert-quantizer", "tflite-micro"),
        build=_int8,
        build_accurate=_accurate_int8,
        backend="litert",
        calibrated=True,
        keeps_quantized=True,
        extra="convert,mcu",
    ),
)

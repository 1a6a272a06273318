"""Edge TPU files: int8 TFLite without operators that it lacks, compiled where the compiler is installed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from skerry_converters.accuracy.recipe import Goal
from skerry_converters.edgetpu.compiler import CAUSES, PROGRAM, CompilerReport, compile_edgetpu
from skerry_converters.edgetpu.predict import explain
from skerry_converters.families.base import Built, Samples, Target
from skerry_converters.families.tflite_files import build_accurate, build_integer, build_tflite, float_file
from skerry_converters.sources.base import FormName, ModelFile, SourceModel

Quantize = Callable[[ModelFile, Path], Built]
"""Makes an int8 file of a float one in a folder."""


class Rewrite(Protocol):
    """Gives a float TFLite file without leaky ReLU."""

    def __call__(self, data: bytes, *, where: str) -> bytes:
        """Return the file; ``where`` names the source in errors."""
        ...


def _int8(source: SourceModel, form: FormName, samples: Samples | None, folder: Path) -> Built:
    """Quantize to int8 throughout; then compile, or say that it is still to be done."""
    if source.facts.quantized:
        return _finished(build_tflite(source, form, "int8", samples, folder), folder)

    def quantize(file: ModelFile, own: Path) -> Built:
        return build_integer(file, "int8", source.facts, samples, own)

    return _without_leaky_relu(float_file(source, form, folder), quantize, folder, where=source.facts.where)


def _accurate_int8(source: SourceModel, form: FormName, samples: Samples, folder: Path, goal: Goal) -> Built:
    """Do as `_int8` by a search; no layer stays float, since the first that does ends what runs on the Edge TPU."""

    def quantize(file: ModelFile, own: Path) -> Built:
        return build_accurate(file, source.facts, samples, own, goal, may_keep_float=False)

    return _without_leaky_relu(float_file(source, form, folder), quantize, folder, where=source.facts.where)


def _without_leaky_relu(file: ModelFile, quantize: Quantize, folder: Path, *, where: str) -> Built:
    """Make a file with PRELU for each leaky ReLU, or with max(x, ax) where the compiler that is here has no PRELU."""
    from skerry_converters.edgetpu.leaky import leaky_as_maximum, leaky_as_prelu  # noqa: PLC0415  # imports LiteRT

    def make(rewrite: Rewrite, own: Path) -> Built:
        path = own / "source-rewritten.tflite"
        path.write_bytes(rewrite(file.path.read_bytes(), where=where))
        return _renamed(quantize(replace(file, path=path), own), folder)

    built = make(leaky_as_prelu, folder)
    if not _compiler_is_here():
        return _not_compiled(built)
    report = compile_edgetpu(built.files[0], folder)
    if any(CAUSES.get(status) == "unsupported" for status in report.log.statuses("PRELU")):
        own = folder / "maximum"
        own.mkdir()
        built = make(leaky_as_maximum, own)
        report = compile_edgetpu(built.files[0], folder)
    return _compiled(built, report, folder)


def _finished(built: Built, folder: Path) -> Built:
    """Compile an int8 file where the compiler is here."""
    built = _renamed(built, folder)
    return (
        _compiled(built, compile_edgetpu(built.files[0], folder), folder)
        if _compiler_is_here()
        else _not_compiled(built)
    )


def _compiler_is_here() -> bool:
    return shutil.which(PROGRAM) is not None


def _renamed(built: Built, folder: Path) -> Built:
    return replace(built, files=(built.files[0].replace(folder / "model-edgetpu-uncompiled.tflite"),))


def _not_compiled(built: Built) -> Built:
    prediction = explain(built.files[0])
    share = f"{prediction.mapped_operators} of {len(prediction.operators)}"
    note = f"not compiled, since '{PROGRAM}' is not on the PATH; {share} operators are predicted to map"
    return replace(built, format="tflite", notes=(note,))


def _compiled(built: Built, report: CompilerReport, folder: Path) -> Built:
    """Put the compiled file first.

    The uncompiled one computes the same on any processor, so that is what a gate runs.
    """
    ready = built.files[0]
    compiled = report.compiled.replace(folder / "model-edgetpu.tflite")
    return replace(
        built,
        files=(compiled, ready),
        runnable=ready,
        tools={**built.tools, PROGRAM: report.log.version},
        notes=_told(report),
    )


def _told(report: CompilerReport) -> tuple[str, ...]:
    done = f"{report.explanation.mapped_operators} of {len(report.explanation.operators)} operators are mapped"
    wrong = len(report.disagreements)
    return (done, f"the prediction was wrong about {wrong} of them") if wrong else (done,)


EDGETPU_TARGETS = (
    Target(
        name="edgetpu-int8",
        format="edgetpu",
        precision="int8",
        forms=("function", "tflite"),
        tools=("tensorflow", "keras", "litert-quantizer"),
        build=_int8,
        build_accurate=_accurate_int8,
        backend="litert",
        calibrated=True,
        keeps_quantized=True,
    ),
)

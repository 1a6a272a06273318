"""The seam that every target is made through: what it needs, and the file that comes out with its tensors."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from msgspec.structs import asdict
from numpy.typing import NDArray

from skerry_converters.accuracy.recipe import Goal
from skerry_converters.accuracy.report import SearchReport
from skerry_converters.mcu.board import Footprint
from skerry_converters.sources.base import FormName, Obtainable, SourceFacts, SourceModel
from skerry_edge.backends.registry import missing_reason
from skerry_edge.contracts.bundle import artifact
from skerry_edge.contracts.manifest import Tensor, Variant
from skerry_edge.foundation.errors import ConfigError, MissingError
from skerry_edge.foundation.extras import install_hint

Format = Literal["onnx", "tflite", "openvino", "edgetpu", "mcu"]
FloatArray = NDArray[np.float32]
INTEGER_PRECISIONS = ("int8", "int8x16", "dynamic")


class Samples(Protocol):
    """Calibration data: float32 arrays of the source's one input, in the same order at every iteration."""

    def __len__(self) -> int:
        """Return the number of samples."""
        ...

    def __iter__(self) -> Iterator[FloatArray]:
        """Give the samples one by one; none is kept."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Macs:
    """Multiply-accumulates of convolutions and matrix products in the emitted graph, and those on integers."""

    total: int
    integer: int

    @property
    def integer_share(self) -> float:
        """The share on integers, 0..1; of a network without any multiplication it is 0."""
        return self.integer / self.total if self.total else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """What a family's builder gives: as `Emitted`, less what the target knows itself.

    ``runnable`` is the file to check where the main one does not run here; ``format`` overrides the target's.
    ``search`` tells how an accurate file was found. ``reference`` is a float file with the same layers under the same
    names: what they give in it is what they ought to give in this file. None where there is no such file, as where
    this is the float file itself; where equalisation moved scales, it is the equalised float file. ``footprint`` is
    what it takes of a microcontroller.
    """

    files: tuple[Path, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    macs: Macs
    tools: Mapping[str, str]
    kept_float: tuple[str, ...] = ()
    runnable: Path | None = None
    format: Format | None = None
    notes: tuple[str, ...] = ()
    search: SearchReport | None = None
    reference: Path | None = None
    footprint: Footprint | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Emitted:
    """A finished target: all that a manifest's `Variant` says, files still on disk.

    ``files`` are in the folder that the caller gave, the main one first; their base names are those for a bundle.
    ``inputs`` and ``outputs`` are its tensors. ``runnable`` is what a gate runs: the main file, or where that needs a
    device that is not here, the TFLite file that it was made from. ``kept_float`` names operators that multiply in
    float although the target is an integer one; ``notes`` are sentences for people. ``search`` tells how an accurate
    file was found, and is None for a plain one. ``reference`` is as in `Built`; it never gets into a bundle.
    ``footprint`` is what it takes of a microcontroller, None for a target that goes to another kind of device.
    """

    target: str
    format: Format
    precision: str
    files: tuple[Path, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    tools: dict[str, str]
    macs: Macs
    runnable: Path
    kept_float: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    search: SearchReport | None = None
    reference: Path | None = None
    footprint: Footprint | None = None

    def variant(self, calibration_sha256: str | None) -> Variant:
        """Describe the files for a manifest. Raises OSError where they are gone."""
        main, *others = (artifact(path.name, path.read_bytes()) for path in self.files)
        return Variant(
            file=main.file,
            size=main.size,
            sha256=main.sha256,
            format=self.format,
            precision=self.precision,
            inputs=self.inputs,
            outputs=self.outputs,
            extra_files=tuple(others),
            kept_float=self.kept_float,
            calibration_sha256=calibration_sha256,
            tools=self.tools,
            recipe=asdict(self.search.chosen) if self.search else {},
        )


Build = Callable[[SourceModel, FormName, Samples | None, Path], Built]
"""Makes the files of a target in a folder, from one form of the source."""
AccurateBuild = Callable[[SourceModel, FormName, Samples, Path, Goal], Built]
"""As `Build`, but searches for a way to quantize that comes up to the user's aim, or takes the one that is given."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """One kind of file. ``forms`` are those of a source that it can be made from, best first.

    ``tools`` are the packages that write it, ``extra`` brings them, ``backend`` loads it here. ``calibrated`` says that
    it needs samples, ``keeps_quantized`` that it can be made from a source that is quantized already.
    ``build_accurate`` takes the place of ``build`` where there is a goal for the accuracy.
    """

    name: str
    format: Format
    precision: str
    forms: tuple[FormName, ...]
    tools: tuple[str, ...]
    build: Build
    backend: str
    calibrated: bool = False
    keeps_quantized: bool = False
    extra: str = "convert"
    build_accurate: AccurateBuild | None = None

    def unavailable_reason(self, facts: Obtainable) -> str | None:
        """Tell why this machine cannot make the target from a source, or None where it can."""
        missing = [tool for tool in self.tools if importlib.util.find_spec(_module(tool)) is None]
        if missing:
            return f"{' and '.join(missing)} not installed: {install_hint(self.extra)}"
        reason = missing_reason(self.backend)
        if reason:
            return reason
        if facts.quantized:
            return None if self.keeps_quantized else "the source is quantized already and holds no float network"
        reasons = []
        for form in self.forms:
            if form in facts.forms:
                reason = facts.forms[form]
                if reason is None:
                    return None
                reasons.append(reason)
        return "; ".join(reasons) or f"it cannot be made from a {facts.kind} source"

    def make(self, source: SourceModel, samples: Samples | None, folder: Path, goal: Goal | None = None) -> Emitted:
        """Write the target's files into ``folder``; a ``goal`` counts for targets that can be searched for.

        Raises ConfigError where samples are needed and missing or the source does not have the form needed,
        MissingError where this machine lacks something, DataError where a tool cannot convert the network.
        """
        facts = source.facts
        reason = self.unavailable_reason(facts)
        if reason:
            raise MissingError(f"target '{self.name}' cannot be made here", where=facts.where, found=reason)
        if self.calibrated and not facts.quantized and (samples is None or not len(samples)):
            raise ConfigError(
                f"target '{self.name}' needs calibration data", where=facts.where, todo="give it with --calibration"
            )
        built = self._built(source, samples, folder, goal)
        return Emitted(
            target=self.name,
            format=built.format or self.format,
            precision=self.precision,
            files=built.files,
            inputs=built.inputs,
            outputs=built.outputs,
            tools={**built.tools, "skerry": version("skerry")},
            macs=built.macs,
            runnable=built.runnable or built.files[0],
            notes=built.notes,
            search=built.search,
            reference=built.reference,
            footprint=built.footprint,
            kept_float=built.kept_float if self.precision in INTEGER_PRECISIONS else (),
        )

    def _built(self, source: SourceModel, samples: Samples | None, folder: Path, goal: Goal | None) -> Built:
        form = self._form(source.facts)
        # A source that is quantized already holds no float network to search with.
        if goal is None or self.build_accurate is None or samples is None or source.facts.quantized:
            return self.build(source, form, samples, folder)
        return self.build_accurate(source, form, samples, folder, goal)

    def _form(self, facts: SourceFacts) -> FormName:
        return next(form for form in self.forms if form in facts.forms and facts.forms[form] is None)


def versions(*distributions: str) -> dict[str, str]:
    """Return the installed versions of packages."""
    return {name: version(name) for name in distributions}


def _module(distribution: str) -> str:
    return distribution.replace("-", "_")


def turned(samples: Samples, source: Sequence[Tensor], wanted: Sequence[Tensor]) -> Samples:
    """Give samples of a source's one input in the layout that a form of it takes.

    Raises ConfigError for a network of several inputs.
    """
    if len(source) != 1 or len(wanted) != 1:
        raise ConfigError(
            "only networks of one input can be calibrated",
            found=", ".join(one.name for one in source),
            todo="choose a target that needs no calibration",
        )
    return _Turned(samples, source[0], wanted[0])


class _Turned:
    def __init__(self, samples: Samples, source: Tensor, wanted: Tensor) -> None:
        self._samples = samples
        self._source = source
        same = source.layout == wanted.layout
        self._order = None if same else [source.layout.index(axis) for axis in wanted.layout]

    def __len__(self) -> int:
        return len(self._samples)

    def __iter__(self) -> Iterator[FloatArray]:
        for sample in self._samples:
            if sample.shape != self._source.shape or sample.dtype != np.float32:
                raise ConfigError(
                    "the calibration data does not fit the network's input",
                    where=f"input '{self._source.name}'",
                    found=f"{sample.dtype} {sample.shape}, expected float32 {self._source.shape}",
                )
            yield sample if self._order is None else np.ascontiguousarray(sample.transpose(self._order))

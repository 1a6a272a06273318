"""Everything a firmware needs of a network, measured and checked: sources, operators, arena, parity, footprint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from skerry_converters.mcu.board import Footprint
from skerry_converters.mcu.c_array import c_identifier, header, source
from skerry_converters.mcu.litert_reference import run_litert
from skerry_converters.mcu.operators import TflmOperator, operators_header, tflm_operators
from skerry_converters.mcu.parity import INTEGER_TYPES, LIMIT_LSB, Parity, checked_inputs, compare, seeded_inputs
from skerry_converters.mcu.tflm import Arena, TflmError, run_tflm
from skerry_converters.mcu.wakeword import WakeWord, wakeword_json
from skerry_converters.tflite_file.model import TfliteModel
from skerry_converters.tflite_file.reader import parse_tflite
from skerry_edge.backends.base import Array
from skerry_edge.foundation.errors import ConfigError

RUNS = 32
SEED = 0
MAX_ELEMENTS = 64 << 20
"""As many as the largest arena that is tried has bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class McuArtifacts:
    """What came of a network; ``files`` are the sources by name."""

    name: str
    files: Mapping[str, bytes]
    operators: tuple[TflmOperator, ...]
    arena: Arena
    parity: Parity
    footprint: Footprint

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know besides, as sentences without a full stop."""
        constant = "every run gave the same outputs, so parity proves little: give real inputs with --calibration"
        return () if self.parity.varied else (constant,)

    @property
    def problems(self) -> tuple[str, ...]:
        """Why it must not leave, as sentences without a full stop; empty where it may."""
        if self.parity.holds:
            return ()
        apart = f"{self.parity.largest_lsb} LSB, allowed are {LIMIT_LSB}"
        return (f"TensorFlow Lite Micro differs from LiteRT by {apart}",)


def make_mcu(
    tflite: bytes,
    name: str,
    *,
    wake_word: WakeWord | None = None,
    inputs: tuple[Array, ...] | None = None,
) -> McuArtifacts:
    """Make the sources for a fully quantized `.tflite` network, and measure it in TensorFlow Lite Micro.

    The verdict is in ``problems``. For a wake word the files hold microWakeWord's JSON and its model as well.
    ``inputs`` are quantized tensors to compare on, one array an input with one row a run, as one stream; noise from a
    fixed seed where there are none. Raises TfliteFileError for a damaged file, ConfigError for a network, name or
    inputs that do not fit, TflmError where TensorFlow Lite Micro cannot run it, MissingError where `tflite-micro` or
    LiteRT is not installed.
    """
    identifier = c_identifier(name)
    model = parse_tflite(tflite, where=name)
    _require_integers(model, name)
    operators = tflm_operators(model, where=name)
    given = seeded_inputs(model.main, RUNS, SEED) if inputs is None else checked_inputs(model.main, inputs, where=name)
    run = run_tflm(tflite, given, where=name)
    try:
        parity = compare(run.outputs, run_litert(tflite, given, where=name))
    except ValueError as error:
        raise TflmError("TensorFlow Lite Micro gives outputs of another shape", where=name, found=str(error)) from error
    files = {
        f"{identifier}_model.h": header(identifier),
        f"{identifier}_model.cc": source(identifier, tflite),
        f"{identifier}_operators.h": operators_header(identifier, operators, run.arena.total_bytes),
    }
    encoded = {file: text.encode("ascii") for file, text in files.items()}
    if wake_word is not None:
        model_file = f"{identifier}.tflite"
        encoded[model_file] = tflite
        encoded[f"{identifier}.json"] = wakeword_json(wake_word, model, model_file, run.arena.total_bytes)
    footprint = Footprint(flash_bytes=len(tflite), ram_bytes=run.arena.total_bytes)
    return McuArtifacts(
        name=name, files=encoded, operators=operators, arena=run.arena, parity=parity, footprint=footprint
    )


def _require_integers(model: TfliteModel, name: str) -> None:
    graph = model.main
    if not graph.inputs or not graph.outputs:
        raise ConfigError("the network has no input or no output", where=name)
    for index in (*graph.inputs, *graph.outputs):
        tensor = graph.tensors[index]
        if tensor.type not in INTEGER_TYPES:
            raise ConfigError(
                "a network for microcontrollers must be fully quantized",
                where=f"{name}, tensor '{tensor.name}'",
                found=tensor.type,
                todo="convert it to tflite-int8 first",
            )
        if tensor.elements > MAX_ELEMENTS:
            raise ConfigError(
                "no microcontroller holds a tensor as large as the network's",
                where=f"{name}, tensor '{tensor.name}'",
                found=f"{list(tensor.shape)}",
            )

"""microWakeWord's JSON beside a streaming model, so that ESPHome's `micro_wake_word` takes the two as they are.

Sources: ESPHome, `esphome/components/micro_wake_word/__init__.py` (the keys of version 2, all required) and
`streaming_model.cpp` (tensors, operators, at most 20 variables).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec

from skerry_converters.tflite_file.model import TfliteModel
from skerry_edge.audio.features import CHANNELS
from skerry_edge.audio.manifest import MicroSettings, WakeWordManifest, parse_manifest
from skerry_edge.audio.step import STEP_MS
from skerry_edge.foundation.errors import ConfigError

MINIMUM_ESPHOME = "2024.7.0"
"""The first release of ESPHome that reads version 2 of the manifest."""
MAX_VARIABLES = 20
ARENA_HEADROOM = 4 / 3
"""ESPHome runs the model on ESP-NN's kernels, whose scratch memory no measurement on this machine can show, and a model
whose arena is too small does not load. The manifests of microWakeWord's own models state 8 to 33 % more than is
measured for them here.
"""
OPERATORS = frozenset(
    {
        "ADD",
        "ASSIGN_VARIABLE",
        "AVERAGE_POOL_2D",
        "CALL_ONCE",
        "CONCATENATION",
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "FULLY_CONNECTED",
        "LOGISTIC",
        "MAX_POOL_2D",
        "MEAN",
        "MUL",
        "PACK",
        "PAD",
        "QUANTIZE",
        "READ_VARIABLE",
        "RESHAPE",
        "SPLIT_V",
        "STRIDED_SLICE",
        "VAR_HANDLE",
    }
)
"""The operators that ESPHome registers for streaming models."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WakeWord:
    """What the owner of a wake word says about it.

    It is detected when the mean of the last ``window`` probabilities is above ``cutoff``; ``languages`` are two-letter
    codes, ``website`` a URL.
    """

    word: str
    author: str
    website: str
    languages: tuple[str, ...]
    cutoff: float
    window: int


def wakeword_json(wake_word: WakeWord, model: TfliteModel, model_file: str, arena_bytes: int) -> bytes:
    """Return the manifest, version 2, for a model file that lies beside it; ``arena_bytes`` is what was measured.

    Raises ConfigError where ESPHome would not take the model or the manifest.
    """
    _check_model(model, model_file)
    manifest = WakeWordManifest(
        type="micro",
        wake_word=wake_word.word,
        author=wake_word.author,
        website=wake_word.website,
        model=model_file,
        trained_languages=list(wake_word.languages),
        version=2,
        micro=MicroSettings(
            probability_cutoff=wake_word.cutoff,
            sliding_window_size=wake_word.window,
            feature_step_size=STEP_MS,
            tensor_arena_size=stated_arena(arena_bytes),
            minimum_esphome_version=MINIMUM_ESPHOME,
        ),
    )
    for key, value in (
        ("author", wake_word.author),
        ("website", wake_word.website),
        ("languages", wake_word.languages),
    ):
        if not value:
            raise ConfigError(f"a wake word's manifest needs '{key}'", where=model_file, todo=f"state the {key}")
    tree = msgspec.to_builtins(manifest)
    tree["micro"] = {key: value for key, value in tree["micro"].items() if value is not None}
    raw = msgspec.json.format(msgspec.json.encode(tree), indent=2) + b"\n"
    parse_manifest(raw, where=f"the manifest of '{model_file}'")
    return raw


def stated_arena(measured_bytes: int) -> int:
    """Return the `tensor_arena_size` for a measured arena: with headroom, in steps of 16 bytes."""
    return math.ceil(measured_bytes * ARENA_HEADROOM / 16) * 16


def _check_model(model: TfliteModel, model_file: str) -> None:
    graph = model.main
    inputs = [graph.tensors[index] for index in graph.inputs]
    outputs = [graph.tensors[index] for index in graph.outputs]
    fits = (
        len(inputs) == len(outputs) == 1
        and inputs[0].type == "INT8"
        and len(inputs[0].shape) == 3
        and inputs[0].shape[::2] == (1, CHANNELS)
        and inputs[0].shape[1] >= 1
        and (outputs[0].type, outputs[0].shape) == ("UINT8", (1, 1))
    )
    if not fits:
        found = ", ".join(f"{one.type} {list(one.shape)}" for one in (*inputs, *outputs))
        wanted = f"one INT8 input [1, stride, {CHANNELS}] and one UINT8 output [1, 1]"
        raise ConfigError("ESPHome takes no such model for a wake word", where=model_file, found=found, todo=wanted)
    foreign = sorted({operator.label for _, operator in model.operators if operator.name not in OPERATORS})
    if foreign:
        raise ConfigError(
            "ESPHome lacks operators of the wake word's model", where=model_file, found=", ".join(foreign)
        )
    variables = {operator.word("shared_name") for _, operator in model.operators if operator.name == "VAR_HANDLE"}
    if len(variables) > MAX_VARIABLES:
        raise ConfigError(
            "the wake word's model has too many variables",
            where=model_file,
            found=f"{len(variables)}, ESPHome has room for {MAX_VARIABLES}",
        )

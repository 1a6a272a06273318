"""The seam that every source implements: what it computes, and the forms in which targets can have it."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from skerry_converters.mcu.wakeword import WakeWord
from skerry_edge.backends.base import Array
from skerry_edge.contracts.manifest import AudioInput, Decoder, ImageInput, Tensor, TensorInput
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.extras import install_hint

FormName = Literal["onnx", "tflite", "function"]
"""A float ONNX file, a float TFLite file, or a TensorFlow function."""
Task = Literal["detection", "classification", "wakeword", "other"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Description:
    """What the manifest says about a network besides its files; ``wake_word`` is for firmware, and not in it."""

    task: Task
    labels: tuple[str, ...]
    input: ImageInput | AudioInput | TensorInput
    output: Decoder
    wake_word: WakeWord | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelFile:
    """A network as a file; ``inputs`` and ``outputs`` are in the file's order, ``tools`` wrote it from the source."""

    path: Path
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    tools: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Function:
    """A network as a TensorFlow concrete function with its weights as constants.

    ``owner`` is the object that the function belongs to; the converter takes the signature's names from it.
    """

    concrete: Any
    owner: Any
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFacts:
    """A source's kind, its files' hashes by name, tensors, description, and the forms that it can be had in.

    ``forms`` maps each form to None, or to the reason why this machine cannot make it. ``quantized`` says that the
    source holds integers already: its float network is gone. ``where`` names it in messages. ``roles`` are those of
    ``files``, which with ``options`` and ``input_shapes`` are all that it takes to open the source again.
    """

    kind: str
    where: str
    files: Mapping[str, str]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    description: Description
    forms: Mapping[FormName, str | None]
    options: Mapping[str, str]
    quantized: bool = False
    roles: Mapping[str, str] = field(default_factory=dict)
    input_shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


class Obtainable(Protocol):
    """What decides whether a target can be made: facts of one source, or of a whole kind of source."""

    @property
    def kind(self) -> str:
        """The kind's name."""
        ...

    @property
    def forms(self) -> Mapping[FormName, str | None]:
        """Each form that it can be had in, with the reason why this machine cannot make it, or None."""
        ...

    @property
    def quantized(self) -> bool:
        """Whether it holds integers already."""
        ...


class SourceModel(Protocol):
    """A trained network. Instances can be pickled, so that a process of its own can make a target from one."""

    @property
    def facts(self) -> SourceFacts:
        """What is known of the source without running it."""
        ...

    def evaluate(self, inputs: Sequence[Array]) -> tuple[Array, ...]:
        """Compute the outputs for arrays of the declared shapes and dtypes: the truth that gates compare with.

        Raises DataError where the network cannot be run.
        """
        ...

    def to_file(self, form: Literal["onnx", "tflite"], folder: Path) -> ModelFile:
        """Write the network into ``folder`` as a float ONNX or TFLite file of batch 1 and fixed shapes.

        Raises ConfigError for a form that the source does not have, MissingError and DataError where it cannot be made.
        """
        ...

    def to_function(self) -> Function:
        """Return the network as a TensorFlow function. Raises as `to_file`."""
        ...


def no_form(facts: SourceFacts, form: FormName) -> ConfigError:
    """Return the error for a form that a source of this kind does not have."""
    return ConfigError(
        f"a {facts.kind} source cannot be had as {form}",
        where=facts.where,
        found=", ".join(facts.forms) or "no other form",
        todo="choose another target",
    )


def missing_package(name: str) -> str | None:
    """Tell why a package of the extra `convert` cannot be used, or None where it is installed."""
    if importlib.util.find_spec(name):
        return None
    return f"{name} is not installed: {install_hint('convert')}"

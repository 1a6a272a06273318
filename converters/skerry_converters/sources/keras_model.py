"""Keras models (`.keras`, `.h5`) and SavedModel folders, run by TensorFlow."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from skerry_converters.sources.base import Function, ModelFile, SourceFacts, no_form
from skerry_converters.sources.edges import check_inputs, check_outputs
from skerry_converters.sources.files import hashes, network_files, roles
from skerry_converters.sources.foreign import Foreign, describe
from skerry_converters.sources.input_shapes import InputShapes, Open
from skerry_converters.sources.kinds import KERAS, SAVED_MODEL
from skerry_converters.sources.layouts import dtype_of, layout_of, picture_layout
from skerry_edge.backends.base import Array
from skerry_edge.backends.native_output import held_stderr
from skerry_edge.contracts.manifest import Tensor
from skerry_edge.foundation.errors import ConfigError, DataError

SIGNATURE = "serving_default"
"""The signature that a SavedModel is run by."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Loaded:
    """A model in memory: ``call`` takes one value an input, ``owner`` keeps what it needs alive."""

    call: Any
    owner: Any
    inputs: tuple[tuple[str, Open, str], ...]


class KerasSource:
    """A Keras model or SavedModel; what is in memory is loaded on first use, and left out when pickled."""

    def __init__(self, path: Path, facts: SourceFacts) -> None:
        self.facts = facts
        self._path = path
        self._loaded: _Loaded | None = None

    def __reduce__(self) -> tuple[type[KerasSource], tuple[Path, SourceFacts]]:
        """Pickle the path and the facts."""
        return KerasSource, (self._path, self.facts)

    def evaluate(self, inputs: Sequence[Array]) -> tuple[Array, ...]:
        """Run the model in TensorFlow. Raises DataError."""
        return _evaluate(self._model(), inputs, self.facts.where)

    def to_file(self, form: Literal["onnx", "tflite"], folder: Path) -> ModelFile:
        """Write the model as ONNX by tf2onnx; TFLite goes by `to_function`. Raises ConfigError and DataError."""
        if form != "onnx":
            raise no_form(self.facts, form)
        from skerry_converters.sources.tf_to_onnx import function_to_onnx  # noqa: PLC0415  # imports TensorFlow

        return function_to_onnx(self.to_function(), folder, where=self.facts.where)

    def to_function(self) -> Function:
        """Return the model as a TensorFlow function of fixed shapes."""
        from skerry_converters.sources.functions import freeze  # noqa: PLC0415  # imports TensorFlow

        loaded, facts = self._model(), self.facts
        concrete = freeze(loaded.call, facts.inputs)
        return Function(concrete=concrete, owner=loaded.owner, inputs=facts.inputs, outputs=facts.outputs)

    def _model(self) -> _Loaded:
        if self._loaded is None:
            self._loaded = _load(self._path)
        return self._loaded


def load_keras(path: Path, foreign: Foreign, input_shapes: InputShapes) -> KerasSource:
    """Read a `.keras` or `.h5` file, or a SavedModel folder.

    Raises ReachError, DataError for what is none of these, ConfigError for custom layers, a missing signature, a
    shape that is open and not in ``input_shapes``, or inputs and outputs that `edges` refuses.
    """
    files = (*network_files(path), *foreign.files)
    loaded = _load(path)
    shapes = input_shapes.fix({name: shape for name, shape, _ in loaded.inputs}, where=str(path))
    inputs = tuple(
        Tensor(
            name=name,
            shape=shapes[name],
            layout=picture_layout(shapes[name], channels_last=True),
            dtype=dtype_of(dtype, f"{path}, input '{name}'"),
        )
        for name, _, dtype in loaded.inputs
    )
    check_inputs(inputs, str(path))
    values = _evaluate(loaded, [np.zeros(one.shape, one.dtype) for one in inputs], str(path))
    outputs = tuple(
        Tensor(
            name=f"output_{place}",
            shape=value.shape,
            layout=layout_of(value.shape, channels_last=True),
            dtype=dtype_of(value.dtype.name, f"{path}, output {place}"),
        )
        for place, value in enumerate(values)
    )
    check_outputs(outputs, str(path))
    kind = SAVED_MODEL if path.is_dir() else KERAS
    facts = SourceFacts(
        kind=kind.kind,
        where=str(path),
        files=hashes(files),
        roles=roles(files),
        inputs=inputs,
        outputs=outputs,
        description=describe(foreign, inputs),
        forms=kind.forms,
        options={},
        input_shapes=input_shapes.given,
    )
    source = KerasSource(path, facts)
    source._loaded = loaded  # noqa: SLF001  # its own module
    return source


def _load(path: Path) -> _Loaded:
    # Read once, when TensorFlow and Keras are first imported; a person's own Keras settings must not matter here.
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["KERAS_HOME"] = os.devnull
    with held_stderr():
        return _load_saved_model(path) if path.is_dir() else _load_keras_file(path)


def _load_keras_file(path: Path) -> _Loaded:
    import keras  # noqa: PLC0415  # heavy

    from skerry_converters.sources.functions import keras_call  # noqa: PLC0415  # imports TensorFlow

    try:
        model = keras.saving.load_model(path, compile=False)
    except Exception as error:  # Keras raises whatever its readers of zip, JSON and HDF5 raise
        if not _is_of_a_layer(error):
            raise DataError("this is no Keras model", where=str(path), found=_unreadable(path, error)) from error
        raise ConfigError(
            "the Keras model has layers that Keras itself does not have",
            where=str(path),
            found=_first_line(error),
            todo="build it from Keras' own layers, or export it as a SavedModel (`model.export`) and convert that",
        ) from error
    inputs = getattr(model, "inputs", None)
    if not inputs:
        raise ConfigError(
            "the Keras model has no inputs of known shape", where=str(path), todo="build it before saving"
        )
    return _Loaded(
        call=keras_call(model),
        owner=model,
        inputs=tuple((one.name, tuple(one.shape), str(one.dtype)) for one in inputs),
    )


def _is_of_a_layer(error: Exception) -> bool:
    """Tell whether Keras does not know a layer, or has a Lambda before it that it must not run."""
    return isinstance(error, TypeError) or "safe_mode" in str(error)


def _unreadable(path: Path, error: Exception) -> str:
    """Return why a file is no Keras model; of one that is cut short Keras says that there is none."""
    if path.suffix.lower() == ".keras" and not zipfile.is_zipfile(path):
        return "no zip archive, or one that is cut short"
    return _first_line(error)


def _load_saved_model(path: Path) -> _Loaded:
    import tensorflow as tf  # noqa: PLC0415  # heavy

    try:
        model = tf.saved_model.load(str(path))
    except Exception as error:  # TensorFlow raises its own classes, OSError, ValueError and others
        raise DataError("this is no SavedModel", where=str(path), found=_first_line(error)) from error
    if SIGNATURE not in model.signatures:
        found = ", ".join(model.signatures) or "none"
        raise ConfigError(f"the SavedModel has no signature '{SIGNATURE}'", where=str(path), found=found)
    signature = model.signatures[SIGNATURE]
    specs = signature.structured_input_signature[1]
    names = sorted(specs)

    def call(values: Sequence[Any]) -> list[Any]:
        made = signature(**dict(zip(names, values, strict=True)))
        return [made[name] for name in sorted(made)]

    inputs = tuple((name, tuple(specs[name].shape.as_list()), specs[name].dtype.name) for name in names)
    return _Loaded(call=call, owner=model, inputs=inputs)


def _evaluate(loaded: _Loaded, inputs: Sequence[Array], where: str) -> tuple[Array, ...]:
    import tensorflow as tf  # noqa: PLC0415  # heavy

    try:
        return tuple(value.numpy() for value in tf.nest.flatten(loaded.call([tf.constant(one) for one in inputs])))
    except Exception as error:  # TensorFlow raises its own classes, ValueError and others
        raise DataError(
            "TensorFlow cannot run the model", where=where, found=_first_line(error), todo="does --input-shape fit it?"
        ) from error


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(error).__name__

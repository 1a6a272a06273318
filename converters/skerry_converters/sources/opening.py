"""Any source but Darknet's opened by what its path is."""

from __future__ import annotations

from pathlib import Path

from skerry_converters.sources.base import SourceModel, missing_package
from skerry_converters.sources.foreign import NOTHING_SAID, Foreign
from skerry_converters.sources.input_shapes import NOTHING_GIVEN, InputShapes
from skerry_edge.foundation.errors import ConfigError, MissingError, ReachError

KERAS_SUFFIXES = (".keras", ".h5", ".hdf5")
KINDS = "a Darknet .cfg, an .onnx, .keras, .h5 or .tflite file, a SavedModel folder, or a wake word's .json"


def open_source(path: Path, foreign: Foreign = NOTHING_SAID, input_shapes: InputShapes = NOTHING_GIVEN) -> SourceModel:
    """Open an ONNX, Keras, SavedModel or TFLite network by its suffix.

    Raises ReachError where there is nothing, ConfigError for another kind, MissingError where the package that reads it
    is not installed, and what the kind's own loader raises.
    """
    if not path.exists():
        raise ReachError("there is no network here", where=str(path), todo="check the path")
    suffix = path.suffix.lower()
    if path.is_dir() or suffix in KERAS_SUFFIXES:
        if path.is_dir() and not (path / "saved_model.pb").is_file():
            raise ConfigError("the folder is no SavedModel", where=str(path), found="no saved_model.pb in it")
        _require("tensorflow", path)
        from skerry_converters.sources.keras_model import load_keras  # noqa: PLC0415  # only the kind at hand

        return load_keras(path, foreign, input_shapes)
    if suffix == ".onnx":
        for package in ("onnx", "onnxruntime"):
            _require(package, path)
        from skerry_converters.sources.onnx_file import load_onnx  # noqa: PLC0415  # only the kind at hand

        return load_onnx(path, foreign, input_shapes)
    if suffix == ".tflite":
        from skerry_converters.sources.tflite import load_tflite  # noqa: PLC0415  # only the kind at hand

        return load_tflite(path, foreign, input_shapes)
    raise ConfigError(
        "this is no network that can be converted", where=str(path), found=suffix or "no suffix", todo=f"give {KINDS}"
    )


def _require(package: str, path: Path) -> None:
    reason = missing_package(package)
    if reason:
        raise MissingError("this kind of network cannot be read", where=str(path), found=reason)

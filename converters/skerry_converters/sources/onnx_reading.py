"""ONNX files from disk: one file, or one with its weights in files beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from skerry_converters.sources.files import SourceFile, described, read_bounded, sha256
from skerry_edge.foundation.errors import DataError

Model = Any
"""An `onnx.ModelProto`; onnx ships no types."""


def read_model(path: Path) -> tuple[Model, tuple[SourceFile, ...]]:
    """Return a model with all its weights, and the files that it was read from.

    Raises ReachError, and DataError for what is no ONNX file.
    """
    import onnx  # noqa: PLC0415  # heavy

    raw = read_bounded(path)
    files = [described(path, "network", raw)]
    try:
        model = onnx.load_model_from_string(raw)
    except Exception as error:  # protobuf's DecodeError has no base but Exception, and moves between versions
        raise DataError("this is no ONNX file", where=str(path), found=first_line(error)) from error
    if not model.graph.node:
        raise DataError("this is no ONNX file", where=str(path), found="no graph")
    for name in sorted(set(_external(model))):
        if not (path.parent / name).resolve().is_relative_to(path.parent.resolve()):
            raise DataError("the network's weights lie outside its own folder", where=str(path), found=name)
        files.append(SourceFile(name=name, role="weights", sha256=sha256(read_bounded(path.parent / name))))
    if len(files) > 1:
        try:
            onnx.external_data_helper.load_external_data_for_model(model, str(path.parent))
        except (OSError, ValueError, onnx.checker.ValidationError) as error:
            raise DataError("the network's weights cannot be read", where=str(path), found=first_line(error)) from error
    return model, tuple(files)


def check_sound(model: Model, where: str) -> None:
    """Refuse a model that breaks ONNX's rules. Raises DataError."""
    import onnx  # noqa: PLC0415  # heavy

    try:
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, ValueError, RuntimeError) as error:
        raise DataError("this is no sound ONNX file", where=where, found=first_line(error)) from error


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, bounded."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(error).__name__


def _external(model: Model) -> Iterator[str]:
    """Yield the names of the files that hold weights."""
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                yield entry.value

"""OpenVINO itself, and other formats' files as its models."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from skerry_edge.foundation.errors import DataError

Model = Any
"""An `openvino.Model`; openvino ships no types."""


def import_openvino() -> Any:  # noqa: ANN401  # openvino ships no types
    """Import OpenVINO without its telemetry: a conversion tells nobody that it happened."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None makes an import fail
    return importlib.import_module("openvino")


def converted(path: Path, *, where: str) -> Model:
    """Return an ONNX or TFLite file as a model. ``where`` names the source. Raises DataError."""
    try:
        # Not `read_model`: it leaves biases unfolded, and depthwise convolutions would then stay in float.
        return import_openvino().convert_model(path)
    except (RuntimeError, ValueError) as error:
        raise DataError("OpenVINO cannot convert the network", where=where, found=str(error).strip()[-300:]) from error


def save(model: Model, path: Path) -> Path:
    """Write a model as `.xml` and `.bin`, large constants as float16, and return ``path``, the former."""
    import_openvino().save_model(model, path, compress_to_fp16=True)
    return path

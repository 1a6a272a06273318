"""OpenVINO itself, and other formats' files as its models."""

from __future__ import annotations

import importlib
import itertools
import logging
import re
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from skerry_edge.foundation.errors import DataError

Model = Any
"""An `openvino.Model`; openvino ships no types."""
_NUMBERED = re.compile(r"[A-Z][A-Za-z0-9]*_[0-9]+")
"""The name that OpenVINO gives to what has none: its kind, and a number that it counts up as long as it runs."""


def import_openvino() -> Any:  # noqa: ANN401  # openvino ships no types
    """Import OpenVINO without its telemetry: a conversion tells nobody that it happened."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None makes an import fail
    return importlib.import_module("openvino")


def converted(path: Path, *, where: str) -> Model:
    """Return an ONNX or TFLite file as a model. ``where`` names the source. Raises DataError."""
    ov = import_openvino()
    refusals = importlib.import_module("openvino.tools.ovc.error").BasicError
    try:
        # Not `read_model`: it leaves biases unfolded, and depthwise convolutions would then stay in float.
        with _same_logging():
            model = ov.convert_model(path)
    except (RuntimeError, ValueError, refusals) as error:
        raise DataError("OpenVINO cannot convert the network", where=where, found=str(error).strip()[-300:]) from error
    name_by_place(model, _names_in(path))
    return model


@contextmanager
def _same_logging() -> Iterator[None]:
    """Keep the root logger as it is: OpenVINO hushes it, and puts it back only where a conversion succeeds."""
    root = logging.getLogger()
    level, filters, handlers = root.level, list(root.filters), list(root.handlers)
    try:
        yield
    finally:
        root.setLevel(level)
        root.filters[:], root.handlers[:] = filters, handlers


def name_by_place(model: Model, kept: Collection[str] = ()) -> None:
    """Give nodes that OpenVINO has numbered the number of their place in the model; names in ``kept`` stay.

    Its own numbers depend on all that was converted before: the same network would get other bytes each time.
    """
    nodes = model.get_ordered_ops()
    taken = {node.get_friendly_name() for node in nodes}
    for place, node in enumerate(nodes):
        name = node.get_friendly_name()
        if _NUMBERED.fullmatch(name) and name not in kept:
            kind = name.rpartition("_")[0]
            name = next(one for one in map(f"{kind}.{{}}".format, itertools.count(place)) if one not in taken)
            node.set_friendly_name(name)
            taken.add(name)


def save(model: Model, path: Path) -> Path:
    """Write a model as `.xml` and `.bin`, large constants as float16, and return ``path``, the former."""
    import_openvino().save_model(model, path, compress_to_fp16=True)
    return path


def _names_in(path: Path) -> frozenset[str]:
    """Return the names that a file gives to its nodes; TFLite's operators have none."""
    if path.suffix != ".onnx":
        return frozenset()
    import onnx  # noqa: PLC0415  # heavy

    return frozenset(node.name for node in onnx.load(path, load_external_data=False).graph.node)

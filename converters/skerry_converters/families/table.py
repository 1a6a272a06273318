"""What converts to what: for each target the kinds of source, and the tools between the two."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from skerry_converters.edgetpu.compiler import PROGRAM
from skerry_converters.families.base import Format, Target
from skerry_converters.families.registry import TARGETS
from skerry_converters.sources.kinds import KINDS, SourceKind

COPIED = "copied"
NO_ROUTE = "-"
RUNTIMES = {"litert": "LiteRT", "onnx": "ONNX Runtime", "openvino": "OpenVINO"}
_FINISHING: Mapping[Format, Mapping[str, tuple[str, ...]]] = {
    "onnx": {"fp32": (), "fp16": ("onnxruntime",), "int8": ("onnxruntime",)},
    "openvino": {"fp16": ("openvino",), "int8": ("openvino", "nncf")},
    "tflite": {
        "fp32": (),
        "fp16": ("litert-quantizer",),
        "dynamic": ("litert-quantizer",),
        "int8": ("tensorflow",),
        "int8x16": ("tensorflow",),
    },
    "edgetpu": {"int8": ("tensorflow", PROGRAM)},
    "mcu": {"int8": ("tensorflow", "tflite-micro")},
}
"""What makes a float file into one of a format and precision. The Edge TPU compiler runs where it is installed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """The way from a kind of source to a target: the tools in their order, empty where the file is copied."""

    kind: SourceKind
    tools: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A target with the kinds of source that it can be made from."""

    target: Target
    routes: tuple[Route, ...]

    @property
    def runtime(self) -> str:
        """What checks the file here, and runs it on a device that is a computer."""
        return RUNTIMES[self.target.backend]

    def cell(self, kind: SourceKind) -> str:
        """Return the way from ``kind`` in a few words."""
        for route in self.routes:
            if route.kind is kind:
                return ", ".join(route.tools) or COPIED
        return NO_ROUTE

    def lacking(self) -> str | None:
        """Return what this machine makes the file without, or None."""
        if self.target.format == "edgetpu" and shutil.which(PROGRAM) is None:
            return f"it is not compiled here, since '{PROGRAM}' is not on the PATH"
        return None

    def unavailable(self) -> dict[str, str]:
        """Return, by the titles of kinds of source, why this machine cannot make the target from them."""
        reasons = {route.kind.title: self.target.unavailable_reason(route.kind) for route in self.routes}
        return {title: reason for title, reason in reasons.items() if reason}


def rows() -> Iterator[Row]:
    """Yield a row for each target, in the order of the registry."""
    for target in TARGETS.values():
        routes = ((kind, _tools(target, kind)) for kind in KINDS)
        yield Row(
            target=target, routes=tuple(Route(kind=kind, tools=tools) for kind, tools in routes if tools is not None)
        )


def _tools(target: Target, kind: SourceKind) -> tuple[str, ...] | None:
    """Return the tools between a kind of source and a target, None where there is no way."""
    form = next((form for form in target.forms if form in kind.makers), None)
    if form is None or (kind.quantized and not target.keeps_quantized):
        return None
    finishing = _FINISHING[target.format][target.precision]
    if kind.quantized:
        return tuple(tool for tool in finishing if tool != "tensorflow")
    maker = kind.makers[form]
    making = (maker,) if maker else ()
    if form == "function":
        # TensorFlow's converter makes smaller weights itself.
        making, finishing = (*making, "tensorflow"), tuple(tool for tool in finishing if tool != "litert-quantizer")
    return tuple(dict.fromkeys((*making, *finishing)))

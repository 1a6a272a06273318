"""What Skerry converts to: each target's file format and the function that writes it."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Literal

from skerry_converters.layers import Network, Shape, Weights
from skerry_edge.backends.registry import backend_for, missing_reason
from skerry_edge.foundation.errors import ConfigError, MissingError


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """One kind of file: ``layout`` of its tensors, ``tools`` the packages that write it."""

    name: str
    format: Literal["onnx", "tflite"]
    precision: str
    layout: Literal["NCHW", "NHWC"]
    tools: tuple[str, ...]
    emit: Callable[[Network, Sequence[Shape], Weights], bytes]

    @property
    def file(self) -> str:
        """The name of the file in a bundle."""
        return f"model-{self.precision}.{self.format}"

    def tool_versions(self) -> dict[str, str]:
        """Return the installed versions of the tools and of Skerry itself."""
        return {tool: version(tool) for tool in (*self.tools, "skerry")}


def _onnx_fp32(network: Network, shapes: Sequence[Shape], weights: Weights) -> bytes:
    from skerry_converters.emit_onnx import emit_onnx  # noqa: PLC0415  # imports onnx

    return emit_onnx(network, shapes, weights)


def _tflite_fp32(network: Network, shapes: Sequence[Shape], weights: Weights) -> bytes:
    from skerry_converters.emit_tflite import emit_tflite  # noqa: PLC0415  # imports TensorFlow

    return emit_tflite(network, shapes, weights)


TARGETS = {
    target.name: target
    for target in (
        Target(name="onnx-fp32", format="onnx", precision="fp32", layout="NCHW", tools=("onnx",), emit=_onnx_fp32),
        Target(
            name="tflite-fp32",
            format="tflite",
            precision="fp32",
            layout="NHWC",
            tools=("tensorflow", "keras"),
            emit=_tflite_fp32,
        ),
    )
}


def parse_targets(text: str) -> tuple[Target, ...]:
    """Return the targets of a comma-separated list, each once. Raises ConfigError naming the nearest target."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise ConfigError("no target to convert to", todo=f"known: {', '.join(TARGETS)}")
    for name in names:
        if name not in TARGETS:
            near = difflib.get_close_matches(name, TARGETS, n=1, cutoff=0.5)
            todo = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(TARGETS)}"
            raise ConfigError("unknown target", found=f"'{name}'", todo=todo)
    return tuple(TARGETS[name] for name in dict.fromkeys(names))


def require_tools(targets: Sequence[Target]) -> None:
    """Refuse targets that cannot be written or checked with what is installed. Raises MissingError naming the extra."""
    for target in targets:
        missing = [tool for tool in target.tools if importlib.util.find_spec(tool) is None]
        if missing:
            raise MissingError(
                f"target '{target.name}' needs {' and '.join(missing)}", todo="pip install 'skerry[convert]'"
            )
        reason = missing_reason(backend_for(target.format))
        if reason:
            raise MissingError(f"target '{target.name}' cannot be checked", found=reason)

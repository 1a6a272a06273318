"""Which operators an emitted file consists of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

from skerry_converters.tflite_file.reader import read_tflite


def count_operators(path: Path) -> dict[str, int]:
    """Return how often each operator of an ONNX, TFLite or OpenVINO file occurs, the most frequent first."""
    count = _READERS.get(path.suffix)
    found = Counter(count(path)) if count else Counter[str]()
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def _onnx(path: Path) -> Iterator[str]:
    import onnx  # noqa: PLC0415  # heavy

    return (node.op_type for node in onnx.load(path, load_external_data=False).graph.node)


def _tflite(path: Path) -> Iterator[str]:
    return (operator.label for _, operator in read_tflite(path).operators)


def _openvino(path: Path) -> Iterator[str]:
    layers = ET.parse(path).getroot().iter("layer")  # noqa: S314  # OpenVINO wrote it a moment ago
    return (layer.get("type", "") for layer in layers)


_READERS: Mapping[str, Callable[[Path], Iterator[str]]] = {".onnx": _onnx, ".tflite": _tflite, ".xml": _openvino}

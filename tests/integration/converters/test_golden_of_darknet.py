"""Reference, ONNX and TFLite give what Darknet itself gave, to 1e-4 after each head's own activations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skerry_converters import reference
from skerry_converters.darknet.build import build_network
from skerry_converters.darknet.cfg import read_cfg
from skerry_converters.darknet.source import load_darknet
from skerry_converters.darknet.weights import read_weights
from skerry_converters.families.registry import TARGETS
from skerry_converters.layers import Head, Region
from skerry_converters.model import Thresholds
from skerry_converters.shapes import infer_shapes
from skerry_converters.sources.darknet import DarknetSource
from skerry_edge.backends.registry import open_backend

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.stem for path in GOLDEN.glob("*.cfg"))


def activated(head: Head, raw: np.ndarray) -> np.ndarray:
    """Return what Darknet's region or yolo layer makes of its input, flat (`forward_region_layer`)."""
    values = raw.astype(np.float64).reshape(-1, 5 + head.classes, *raw.shape[1:])
    values[:, [0, 1, 4]] = 1 / (1 + np.exp(-values[:, [0, 1, 4]]))
    if isinstance(head, Region) and head.softmax:
        powers = np.exp(values[:, 5:])
        values[:, 5:] = powers / powers.sum(axis=1, keepdims=True)
    else:
        values[:, 5:] = 1 / (1 + np.exp(-values[:, 5:]))
    return values.ravel()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("way", ["reference", "reference in parts", "onnx-fp32", "tflite-fp32"])
def test_raw_outputs_are_darknets(case: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = np.load(GOLDEN / f"{case}.npz")
    weights_path = tmp_path / "golden.weights"
    weights_path.write_bytes(stored["weights"].tobytes())
    network = build_network(read_cfg(GOLDEN / f"{case}.cfg")[1]).network
    shapes = infer_shapes(network)
    _, weights = read_weights(weights_path, network, shapes)
    image = stored["picture"].transpose(2, 0, 1) / np.float32(255)
    if way.startswith("reference"):
        if way == "reference in parts":
            monkeypatch.setattr(reference, "COLUMN_VALUES", 700)
        outputs = reference.run_reference(network, weights, image)
    else:
        labels = tmp_path / "golden.names"
        labels.write_text("".join(f"class {number}\n" for number in range(network.heads[0].classes)))
        model = load_darknet(GOLDEN / f"{case}.cfg", weights_path, labels, resize=None, thresholds=Thresholds())
        made = TARGETS[way].make(DarknetSource(model=model), None, tmp_path)
        backend = open_backend(TARGETS[way].backend, made.runnable)
        planar = made.inputs[0].layout == "NCHW"
        tensor = image if planar else image.transpose(1, 2, 0)
        values = backend.infer((np.ascontiguousarray(tensor[np.newaxis]),))
        outputs = tuple(one[0] if planar else one[0].transpose(2, 0, 1) for one in values)
    expected = [stored[f"head_{number}"] for number in range(len(network.heads))]
    assert len(outputs) == len(expected)
    for head, raw, want in zip(network.heads, outputs, expected, strict=True):
        assert want.std() > 0.1
        assert np.abs(activated(head, raw) - want).max() <= 1e-4

"""A small Darknet network with its targets, each made once, and faults that are put into one layer of a file."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from skerry_converters.darknet.source import load_darknet
from skerry_converters.families.apart import make_apart
from skerry_converters.families.base import Emitted
from skerry_converters.families.registry import TARGETS
from skerry_converters.gates.made_inputs import MadeInputs
from skerry_converters.model import Thresholds
from skerry_converters.sources.base import SourceModel
from skerry_converters.sources.darknet import DarknetSource
from skerry_converters.tflite_file.macs import multiply_accumulates
from skerry_converters.tflite_file.reader import read_tflite

GOLDEN = Path(__file__).parent.parent / "golden"
Shuffle = Callable[[Path, int], None]


class Inputs:
    """A source's made inputs as samples to calibrate with."""

    def __init__(self, source: SourceModel, count: int = 8) -> None:
        self._tensors = source.facts.inputs
        self._made = MadeInputs(source.facts.description.input, self._tensors, count=count, seed=1)

    def __len__(self) -> int:
        return len(self._made)

    def __iter__(self) -> Iterator[np.ndarray]:
        return (case.tensors[0] for case in self._made.cases(self._tensors))


@pytest.fixture(scope="session")
def darknet(tmp_path_factory: pytest.TempPathFactory) -> DarknetSource:
    folder = tmp_path_factory.mktemp("darknet")
    cfg = Path(shutil.copy(GOLDEN / "two_scales.cfg", folder / "net.cfg"))
    weights, labels = folder / "net.weights", folder / "net.names"
    weights.write_bytes(np.load(GOLDEN / "two_scales.npz")["weights"].tobytes())
    labels.write_text("cat\ndog\n")
    return DarknetSource(model=load_darknet(cfg, weights, labels, resize=None, thresholds=Thresholds()))


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[SourceModel, str], Emitted]:
    """Return a function that makes a target from a source, once; it skips what cannot be made here."""
    finished: dict[tuple[int, str], Emitted] = {}

    def make(source: SourceModel, name: str) -> Emitted:
        reason = TARGETS[name].unavailable_reason(source.facts)
        if reason:
            pytest.skip(reason)
        key = (id(source), name)
        if key not in finished:
            finished[key] = make_apart(name, source, Inputs(source), tmp_path_factory.mktemp(name))
        return finished[key]

    return make


@pytest.fixture(scope="session")
def held_out() -> Callable[[SourceModel], MadeInputs]:
    """Return a function that gives inputs that nothing was calibrated with."""

    def make(source: SourceModel) -> MadeInputs:
        return MadeInputs(source.facts.description.input, source.facts.inputs, count=6, seed=0)

    return make


@pytest.fixture
def with_shuffled_weights(tmp_path: Path) -> Callable[[Emitted, int], Emitted]:
    """Return a function that gives a copy of a target with the weights of its n-th multiplying layer shuffled."""

    def broken(emitted: Emitted, place: int) -> Emitted:
        for path in {emitted.runnable, *emitted.files}:
            shutil.copy(path, tmp_path)
        runnable = tmp_path / emitted.runnable.name
        {".onnx": shuffle_onnx, ".tflite": shuffle_tflite, ".xml": shuffle_openvino}[runnable.suffix](runnable, place)
        return dataclasses.replace(emitted, runnable=runnable)

    return broken


def shuffled(values: np.ndarray) -> np.ndarray:
    return np.random.default_rng(4).permutation(values.ravel()).reshape(values.shape)


def shuffle_onnx(path: Path, place: int) -> None:
    model = onnx.load(path)
    made_by = {output: node for node in model.graph.node for output in node.output}
    weights = [node for node in model.graph.node if node.op_type == "Conv"][place].input[1]
    while weights in made_by:
        weights = made_by[weights].input[0]
    (constant,) = [one for one in model.graph.initializer if one.name == weights]
    constant.CopyFrom(numpy_helper.from_array(shuffled(numpy_helper.to_array(constant)), weights))
    onnx.save(model, path)


def shuffle_tflite(path: Path, place: int) -> None:
    graph, data = read_tflite(path).main, path.read_bytes()
    weights = [graph.operand(one, 1) for one in graph.operators if multiply_accumulates(graph, one)][place]
    makers = {output: one for one in graph.operators for output in one.outputs}
    while weights.index in makers:  # half-size weights are made float by an operator of their own
        weights = graph.operand(makers[weights.index], 0)
    stored = bytes(weights.data)
    assert data.count(stored) == 1
    path.write_bytes(data.replace(stored, shuffled(weights.values()).tobytes()))


def shuffle_openvino(path: Path, place: int) -> None:
    root = ET.parse(path).getroot()
    layers = {one.get("id"): one for one in root.iter("layer")}
    sources = {(one.get("to-layer"), one.get("to-port")): one.get("from-layer") for one in root.iter("edge")}
    at = [one for one in layers.values() if "Convolution" in one.get("type", "")][place].get("id")
    at = sources[(at, "1")]
    while layers[at].get("type") != "Const":
        at = sources[(at, "0")]
    facts = layers[at].find("data")
    start, size = int(facts.get("offset")), int(facts.get("size"))
    kind = {"i8": np.int8, "f16": np.float16}[facts.get("element_type")]
    data = bytearray(path.with_suffix(".bin").read_bytes())
    data[start : start + size] = shuffled(np.frombuffer(data[start : start + size], kind)).tobytes()
    path.with_suffix(".bin").write_bytes(data)

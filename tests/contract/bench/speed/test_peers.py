"""What every peer's program does: it runs the very file, answers blocks of calls, and says what went wrong."""

from __future__ import annotations

import base64
import dataclasses
import importlib
import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from skerry_edge.bench.apart import CrashError
from skerry_edge.bench.speed.contender import Contender
from skerry_edge.bench.speed.frames import FrameSource
from skerry_edge.bench.speed.peers.program import PeerOrder
from skerry_edge.bench.speed.peers.registry import PEERS
from skerry_edge.bench.speed.subject import seeded_tensor
from skerry_edge.contracts.manifest import Tensor
from skerry_edge.foundation.errors import DataError

FILES = [
    ("onnxruntime", "onnx"),
    ("openvino", "onnx"),
    ("openvino", "openvino"),
    ("opencv", "onnx"),
    ("litert", "tflite"),
]
INPUT = Tensor(name="x", shape=(1, 3), layout="NC")
CFG = """\
[net]
batch=64
subdivisions=8
width=4
height=2
channels=3

[convolutional]
filters=2
size=1
stride=1
pad=0
activation=linear
"""
COMPUTE = """
import base64, json, pickle, sys
import numpy as np
from skerry_edge.bench.speed.peers.darknet import open_darknet
_, call = open_darknet(pickle.loads(base64.b64decode(sys.argv[1])))
print()
print(json.dumps(np.ctypeslib.as_array(call(), (2, 8)).tolist()))
"""
"""In a process of its own: Debian's library makes the one that loads it take the smallest numbers for 0."""
GrowFile = Callable[[str], Path]


@pytest.fixture(params=FILES, ids="-".join)
def peer(request: pytest.FixtureRequest, doubling_model: GrowFile) -> tuple[str, PeerOrder]:
    """A peer with an order to run y = 2 * x + 1."""
    name, model_format = request.param
    package = {"opencv": "cv2", "litert": "ai_edge_litert"}.get(name, name)
    pytest.importorskip(package, reason=f"{name} is not installed")
    return name, PeerOrder(file=doubling_model(model_format), inputs=(INPUT,), threads=1)


def test_a_peer_computes_the_file_on_the_input_that_was_made_ready(peer: tuple[str, PeerOrder]) -> None:
    name, order = peer
    module = importlib.import_module(PEERS[name].module)
    _, call = getattr(module, f"open_{name}")(order)
    outputs = call()
    output = outputs[0]
    assert np.allclose(np.asarray(output).reshape(1, 3), 2 * seeded_tensor(INPUT) + 1)


def test_a_peer_is_a_process_that_answers_blocks_of_calls(peer: tuple[str, PeerOrder]) -> None:
    name, order = peer
    with closing(Contender(PEERS[name].module, order, stall_s=60)) as running:
        assert running.ready.version[0].isdigit()
        for calls in (1, 7):
            block = running.run(calls)
            assert len(block.stages_ms["end_to_end"]) == calls
            assert min(block.stages_ms["end_to_end"]) > 0
            assert block.peak_memory_mb > 10


def test_a_file_that_is_no_network_ends_the_program_with_the_tool_s_words(
    peer: tuple[str, PeerOrder], tmp_path: Path
) -> None:
    name, order = peer
    broken = tmp_path / order.file.name
    broken.write_bytes(b"this is no network")
    with pytest.raises(CrashError) as raised:
        Contender(PEERS[name].module, PeerOrder(file=broken, inputs=(INPUT,), threads=1), stall_s=60)
    assert "exit code" in str(raised.value)


@pytest.fixture
def darknet_order(tmp_path: Path, need_program: Callable[[str], str]) -> PeerOrder:
    """A network of Darknet's that adds up the colours of each pixel, once as they are and once with 10 added."""
    need_program("darknet")
    (tmp_path / "sum.cfg").write_text(CFG)
    header = np.array([0, 2, 0, 0, 0], "<i4").tobytes()
    values = np.array([0, 10, *[1] * 6], "<f4")
    (tmp_path / "sum.weights").write_bytes(header + values.tobytes())
    return PeerOrder(
        file=tmp_path / "sum.weights",
        description=tmp_path / "sum.cfg",
        inputs=(Tensor(name="x", shape=(1, 2, 4, 3), layout="NHWC"),),
        threads=2,
        frames=FrameSource(width=4, height=2),
        classes=1,
    )


def test_darknet_computes_its_own_files_on_the_frame(darknet_order: PeerOrder) -> None:
    order = base64.b64encode(pickle.dumps(darknet_order)).decode()
    ran = subprocess.run([sys.executable, "-c", COMPUTE, order], capture_output=True, text=True, check=True)
    outputs = json.loads(ran.stdout.splitlines()[-1])
    (frame,) = darknet_order.frames.read()
    summed = frame.sum(axis=2).reshape(8) / 255
    assert np.allclose(outputs, summed + np.array([[0], [10]]), atol=1e-5)


def test_darknet_answers_blocks_of_calls(darknet_order: PeerOrder) -> None:
    with closing(Contender(PEERS["darknet"].module, darknet_order, stall_s=60)) as running:
        assert len(running.run(5).stages_ms["end_to_end"]) == 5


def test_a_cfg_of_another_size_is_refused(darknet_order: PeerOrder) -> None:
    other = Tensor(name="x", shape=(1, 3, 416, 416), layout="NCHW")
    with pytest.raises(DataError, match="not that of the bundle") as raised:
        Contender(PEERS["darknet"].module, dataclasses.replace(darknet_order, inputs=(other,)), stall_s=60)
    assert raised.value.found == "4x2, expected 416x416"

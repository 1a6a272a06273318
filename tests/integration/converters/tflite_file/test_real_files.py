"""Real networks, whole and damaged."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from ai_edge_litert import schema_py_generated as schema

from skerry_converters.tflite_file.errors import TfliteFileError
from skerry_converters.tflite_file.macs import multiply_accumulates
from skerry_converters.tflite_file.reader import parse_tflite, read_tflite
from skerry_edge.audio.manifest import builtin_manifests

MUTATIONS = 150
NASTY = (b"\xff\xff\xff\xff", b"\x00\x00\x00\x80", b"\x00\x00\x00\x00", b"\x01\x00\x00\x00", b"\xff\xff\xff\x7f")


@pytest.fixture(scope="session")
def real_files(shared_data: Path) -> list[Path]:
    """Quantized networks of many kinds, and wake words that keep state in variables."""
    wake_words = [manifest.with_suffix(".tflite") for manifest in builtin_manifests().values()]
    return sorted(shared_data.glob("tflite/*.tflite")) + sorted(shared_data.glob("edgetpu/*.tflite")) + wake_words


def test_every_operator_is_read_as_the_schemas_own_code_reads_it(real_files: list[Path]) -> None:
    names = {code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
    for path in real_files:
        model = read_tflite(path)
        theirs = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
        assert len(model.subgraphs) == len(theirs.subgraphs)
        for graph, other in zip(model.subgraphs, theirs.subgraphs, strict=True):
            for operator, one in zip(graph.operators, other.operators, strict=True):
                code = theirs.operatorCodes[one.opcodeIndex]
                builtin = max(code.builtinCode, code.deprecatedBuiltinCode)
                assert (operator.name, operator.version) == (names[builtin], code.version)
                assert operator.inputs == tuple(one.inputs if one.inputs is not None else ())
                assert operator.outputs == tuple(one.outputs if one.outputs is not None else ())
            for tensor, one in zip(graph.tensors, other.tensors, strict=True):
                assert tensor.shape == tuple(one.shape if one.shape is not None else ())
                assert tensor.name == one.name.decode()
                data = theirs.buffers[one.buffer].data
                assert len(tensor.data) == (0 if data is None else len(data))


def test_mobilenet_has_the_multiply_accumulates_of_its_paper(shared_data: Path) -> None:
    model = read_tflite(shared_data / "edgetpu" / "mobilenet_v1_0.25_128_quant.tflite")

    # Howard et al. 2017, Table 7 and TensorFlow's model list: 14 million for width 0.25 at 128 pixels.
    assert sum(multiply_accumulates(*one) for one in model.operators) == pytest.approx(14e6, rel=0.05)


def test_damaged_real_files_are_refused_or_read_but_never_crash(real_files: list[Path]) -> None:
    refused = 0
    for path in real_files:
        whole = path.read_bytes()
        generator = random.Random(path.name)
        for _ in range(MUTATIONS):
            refused += _is_refused(_damaged(whole, generator))
    assert refused > len(real_files) * MUTATIONS // 10


def _is_refused(data: bytes) -> bool:
    try:
        for one in parse_tflite(data, where="x").operators:
            multiply_accumulates(*one)
    except TfliteFileError:
        return True
    return False


def _damaged(whole: bytes, generator: random.Random) -> bytes:
    data = bytearray(whole)
    if generator.random() < 0.2:
        return bytes(data[: generator.randrange(len(data))])
    for _ in range(generator.randrange(1, 6)):
        # The tables of a file stand at its two ends, the weights between them.
        reach = min(len(data), 4096)
        start = generator.choice((0, len(data) - reach)) + generator.randrange(reach - 4) // 4 * 4
        data[start : start + 4] = generator.choice(NASTY)
    return bytes(data)

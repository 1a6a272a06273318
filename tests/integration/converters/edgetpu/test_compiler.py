"""Running the compiler: contract-tested only, against a stand-in that prints the documented log."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_converters.edgetpu import compiler
from skerry_converters.edgetpu.compiler import (
    CompilerOptions,
    CompilerRefusedError,
    CompilerTimeoutError,
    Disagreement,
    compile_edgetpu,
)
from skerry_converters.edgetpu.compiler_log import CompilerLogError
from skerry_converters.edgetpu.leaky import leaky_as_prelu
from skerry_converters.tflite_file.errors import TfliteFileError
from skerry_converters.tflite_file.reader import read_tflite
from skerry_edge.foundation.errors import MissingError, ReachError


@pytest.fixture
def network(leaky_network: bytes, quantized: Callable[[bytes], bytes], tmp_path: Path) -> Path:
    """Write the full-int8 network with its leaky ReLUs left in."""
    path = tmp_path / "net.tflite"
    path.write_bytes(quantized(leaky_network))
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def test_the_report_says_what_was_mapped_and_the_prediction_agrees(
    standin: Callable[[str], Path], network: Path, out: Path
) -> None:
    standin("as it should")

    report = compile_edgetpu(network, out)

    assert report.compiled == out / "net_edgetpu.tflite"
    assert read_tflite(report.compiled).main.operators[0].custom_code == "edgetpu-custom-op"
    assert report.disagreements == ()
    assert [one.mapped for one in report.explanation.operators] == [True, False, False, False, False, False]
    assert report.explanation.source == "Edge TPU Compiler 16.0.0-standin"
    assert report.explanation.operators[1].reason == "Operation not supported"
    assert report.explanation.operators[2].cause == "subgraph"
    assert (report.log.on_chip_bytes, report.log.streamed_bytes, report.log.subgraphs) == (3584, 0, 1)


def test_where_they_differ_the_report_names_the_operator(
    standin: Callable[[str], Path],
    leaky_network: bytes,
    quantized: Callable[[bytes], bytes],
    network: Path,
    out: Path,
) -> None:
    network.write_bytes(quantized(leaky_as_prelu(leaky_network, where="a test")))
    standin("fewer")

    report = compile_edgetpu(network, out)

    assert report.prediction.mapped_operators == 6
    assert report.disagreements == (Disagreement(name="CONV_2D", index=5, subgraph=0, predicted=True, mapped=False),)


def test_options_reach_the_compiler_and_its_output_stays_out_of_the_working_folder(
    standin: Callable[[str], Path], network: Path, out: Path
) -> None:
    arguments = standin("as it should")

    compile_edgetpu(network, out, CompilerOptions(timeout_s=33, min_runtime=13, multiple_subgraphs=True))

    line = json.loads(arguments.read_text())
    assert "--show_operations" in line
    assert line[line.index("--timeout_sec") + 1] == "33"
    assert line[line.index("--min_runtime_version") + 1] == "13"
    assert "--enable_multiple_subgraphs" in line
    assert line[-1] == str(network)
    assert [one.name for one in out.iterdir()] == ["net_edgetpu.tflite"]


def test_without_the_compiler_the_error_says_where_to_get_it(
    network: Path, out: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MissingError, match="edgetpu_compiler") as caught:
        compile_edgetpu(network, out)
    assert caught.value.exit_code == 3


def test_a_refusal_carries_the_compilers_own_words(standin: Callable[[str], Path], network: Path, out: Path) -> None:
    standin("fail")

    with pytest.raises(CompilerRefusedError, match="exit code 1, ERROR: Didn't find op for builtin opcode 'CONV_2D'"):
        compile_edgetpu(network, out)
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        ("crash", CompilerRefusedError),
        ("silent", CompilerRefusedError),
        ("garbage", CompilerLogError),
        ("lies", CompilerLogError),
        ("damaged", TfliteFileError),
    ],
)
def test_whatever_goes_wrong_is_a_typed_error_and_leaves_no_file(
    standin: Callable[[str], Path], network: Path, out: Path, behaviour: str, error: type[Exception]
) -> None:
    standin(behaviour)

    with pytest.raises(error):
        compile_edgetpu(network, out)
    assert list(out.iterdir()) == []


def test_a_compiler_that_hangs_is_killed(
    standin: Callable[[str], Path], network: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin("hang")
    monkeypatch.setattr(compiler, "GRACE_S", 2.0)

    with pytest.raises(CompilerTimeoutError, match="still running after 2 s"):
        compile_edgetpu(network, out, CompilerOptions(timeout_s=0))
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_folder_that_is_not_there_is_said_so(standin: Callable[[str], Path], network: Path, out: Path) -> None:
    standin("as it should")

    with pytest.raises(ReachError, match="nowhere"):
        compile_edgetpu(network, out / "nowhere")

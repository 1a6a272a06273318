"""Real networks in TensorFlow Lite Micro: the arena that it needs, and what it computes beside LiteRT."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skerry_converters.mcu.artifacts import make_mcu
from skerry_converters.mcu.board import BoardLimits, shortfalls
from skerry_converters.mcu.parity import seeded_inputs
from skerry_converters.mcu.tflm import TflmError, run_tflm
from skerry_converters.mcu.tflm_worker import main as work
from skerry_converters.tflite_file.reader import parse_tflite

WAKE_WORDS = ("alexa", "hey_jarvis", "hey_mycroft", "okay_nabu")

pytestmark = pytest.mark.usefixtures("tflm")


def _serves(path: Path, arena_bytes: int, tmp_path: Path) -> bool:
    """Try one arena in a process of its own, as a firmware would have it."""
    import subprocess
    import sys

    program = (
        "import sys\nfrom tflite_micro.python.tflite_micro import runtime\n"
        "runtime.Interpreter.from_file(sys.argv[1], arena_size=int(sys.argv[2])).invoke()\n"
    )
    command = [sys.executable, "-c", program, str(path), str(arena_bytes)]
    return subprocess.run(command, capture_output=True, check=False, timeout=120).returncode == 0


@pytest.mark.parametrize(
    "name", ["micro_speech_quantized", "mlperf_tiny_kws", "mlperf_tiny_streaming_wakeword", "mlperf_tiny_vww"]
)
def test_reference_networks_give_litert_s_very_bits_and_fit_an_esp32(
    shared_data: Path, esp32: BoardLimits, tmp_path: Path, name: str
) -> None:
    path = shared_data / "tflite" / f"{name}.tflite"

    found = make_mcu(path.read_bytes(), name)

    assert found.parity.largest_lsb == 0
    assert found.parity.varied
    assert found.problems == shortfalls(found.footprint, esp32) == ()
    assert _serves(path, found.arena.total_bytes, tmp_path)
    assert not _serves(path, found.arena.total_bytes - 16, tmp_path)


@pytest.mark.parametrize("name", WAKE_WORDS)
def test_streaming_wake_words_keep_their_state_and_their_arena_is_the_smallest(
    wake_words: dict[str, Path], esp32: BoardLimits, tmp_path: Path, name: str
) -> None:
    path = wake_words[name]

    found = make_mcu(path.read_bytes(), name)

    assert found.parity.largest_lsb == 0
    assert found.problems == shortfalls(found.footprint, esp32) == ()
    assert {"CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE"} <= {one.name for one in found.operators}
    assert _serves(path, found.arena.total_bytes, tmp_path)
    assert not _serves(path, found.arena.total_bytes - 16, tmp_path)


def test_an_arena_that_planning_needs_more_for_is_found_above_what_is_in_use(wake_words: dict[str, Path]) -> None:
    data = wake_words["alexa"].read_bytes()

    arena = run_tflm(data, seeded_inputs(parse_tflite(data, where="alexa").main, 1, 0), where="alexa").arena

    assert arena.total_bytes > arena.activation_bytes + arena.persistent_bytes
    assert arena.total_bytes % 16 == 0


def test_parity_is_measured_on_inputs_of_the_callers_own(wake_words: dict[str, Path], shared_data: Path) -> None:
    from skerry_edge.audio.features import FeatureStream
    from skerry_edge.audio.sources import open_sources

    data = wake_words["alexa"].read_bytes()
    tensor = parse_tflite(data, where="alexa").main.tensors[0]
    assert tensor.quantization is not None
    (recording,) = open_sources(str(min((shared_data / "wakeword" / "alexa").glob("*.flac"))))
    rows = FeatureStream().process(np.concatenate(list(recording)))
    rows = rows[: len(rows) // 3 * 3].reshape(-1, 1, 3, 40)
    stored = np.rint(rows / tensor.quantization.scales[0] + tensor.quantization.zero_points[0])

    found = make_mcu(data, "alexa", inputs=(np.clip(stored, -128, 127).astype(np.int8),))

    assert found.parity.runs == len(rows)
    assert found.parity.largest_lsb == 0
    assert found.parity.varied


def test_outputs_that_never_change_are_noted(wake_words: dict[str, Path]) -> None:
    found = make_mcu(wake_words["hey_jarvis"].read_bytes(), "hey_jarvis")

    assert found.parity.varied is False
    assert any("proves little" in note for note in found.notes)


def test_a_network_that_tflm_computes_otherwise_must_not_leave(shared_data: Path) -> None:
    # An LSTM: TensorFlow Lite Micro's kernel rounds otherwise than LiteRT's, by 8 steps of the softmax.
    found = make_mcu((shared_data / "edgetpu" / "keras_lstm_mnist_ptq.tflite").read_bytes(), "lstm")

    assert found.parity.largest_lsb > 2
    assert any("differs from LiteRT" in problem for problem in found.problems)


def test_a_type_that_tflm_lacks_is_said_in_its_own_words(shared_data: Path) -> None:
    with pytest.raises(TflmError, match=r"cannot run the network.*allocate tensors"):
        make_mcu((shared_data / "edgetpu" / "mobilenet_v1_0.25_128_quant.tflite").read_bytes(), "uint8")


def test_a_process_that_dies_is_a_typed_error(
    wake_words: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skerry_converters.mcu import tflm as module

    (tmp_path / "dying.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(module, "_MODULE", "dying")

    with pytest.raises(TflmError, match="SIGSEGV"):
        make_mcu(wake_words["alexa"].read_bytes(), "alexa")


def test_a_process_that_hangs_is_stopped(
    wake_words: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skerry_converters.mcu import tflm as module

    (tmp_path / "sleeping.py").write_text("import time\ntime.sleep(600)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(module, "_MODULE", "sleeping")

    with pytest.raises(TflmError, match="did not end in time"):
        run_tflm(wake_words["alexa"].read_bytes(), (np.zeros((1, 1, 3, 40), np.int8),), where="x", timeout_s=1.0)


def test_the_worker_says_why_it_failed(tmp_path: Path, shared_data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    model = shared_data / "edgetpu" / "mobilenet_v1_0.25_128_quant.tflite"
    np.savez(tmp_path / "in.npz", input_0=np.zeros((1, 1, 128, 128, 3), np.uint8))

    assert work([str(model), str(tmp_path / "in.npz"), str(tmp_path / "out.npz")]) == 1
    assert "TFLM failed to allocate tensors" in capfd.readouterr().err
    assert not (tmp_path / "out.npz").exists()

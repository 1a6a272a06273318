"""Real int8 TFLite files against themselves: as they are, and with one number wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from skerry_converters.calibration.opening import open_calibration
from skerry_converters.gates.held_out import HeldOutSamples
from skerry_converters.gates.job import GateJob, Subject
from skerry_converters.gates.made_inputs import MadeInputs
from skerry_converters.gates.report import GateReport
from skerry_converters.gates.run import run_gate
from skerry_converters.gates.source_record import record_source
from skerry_edge.backends.registry import open_backend
from skerry_edge.contracts.manifest import AudioInput, Classification, ImageInput, Quantization, Raw, Tensor

Fault = Callable[[Any], None]


class _Tensors:
    def __init__(self, path: Path) -> None:
        backend = open_backend("litert", path)
        self.inputs, self.outputs = (tuple(map(_described, infos)) for infos in (backend.inputs, backend.outputs))
        backend.close()


def _described(info: Any) -> Tensor:
    layout = {4: "NHWC", 3: "NTC", 2: "NC"}[len(info.shape)]
    quantization = Quantization(scale=info.scale, zero_point=info.zero_point)
    return Tensor(name=info.name, shape=info.shape, layout=layout, dtype=info.dtype.name, quantization=quantization)


def with_fault(path: Path, out: Path, fault: Fault) -> Path:
    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    fault(model)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    out.write_bytes(bytes(builder.Output()))
    return out


@pytest.fixture
def visual_wake_words(shared_data: Path, tmp_path: Path, subject: Callable[..., Subject]) -> Callable[..., GateReport]:
    """Return a function that judges MLPerf Tiny's visual wake words, changed, against itself as it is."""
    path = shared_data / "tflite" / "mlperf_tiny_vww.tflite"
    tensors = _Tensors(path)
    image = ImageInput(width=96, height=96)
    held_out = HeldOutSamples(open_calibration(shared_data / "voc", image, tensors.inputs[0]), "gate data")
    decoder = Classification(classes=2, score_threshold=0.5)
    job = GateJob(model_input=image, decoder=decoder, labels=("no person", "person"))

    def judge(fault: Fault) -> GateReport:
        changed = with_fault(path, tmp_path / "changed.tflite", fault)
        backend = open_backend("litert", path)
        with record_source(lambda given: backend.infer(tuple(given)), tensors, held_out) as record:
            report = run_gate(job, subject(changed, "int8", _Tensors(changed), "tflite"), record).report
        backend.close()
        return report

    return judge


def test_an_int8_file_is_within_no_step_of_itself(visual_wake_words: Callable[..., GateReport]) -> None:
    report = visual_wake_words(lambda _: None)
    (output,) = report.outputs
    assert output.exact
    assert output.share_within_lsb == {"0": 1.0, "1": 1.0, "2": 1.0}
    assert report.backend == "litert"
    assert report.verdict.passed


def activations(model: Any) -> list[Any]:
    """Return the tensors between the layers, first layer first."""
    graph = model.subgraphs[0]
    return [graph.tensors[operator.outputs[0]] for operator in graph.operators]


@pytest.mark.parametrize("place", [0, 10])
def test_layers_whose_zero_point_leaves_no_room_are_caught(
    visual_wake_words: Callable[..., GateReport], place: int
) -> None:
    def shift(model: Any) -> None:
        activations(model)[place].quantization.zeroPoint = np.array([125])

    assert visual_wake_words(shift).verdict.outcome == "failed"


def test_an_input_whose_steps_are_eight_times_as_coarse_is_caught(
    visual_wake_words: Callable[..., GateReport],
) -> None:
    def stretch(model: Any) -> None:
        quantization = model.subgraphs[0].tensors[model.subgraphs[0].inputs[0]].quantization
        quantization.scale = np.array([float(quantization.scale[0]) * 8], np.float32)

    assert visual_wake_words(stretch).verdict.outcome == "failed"


def test_a_zero_point_other_than_the_manifest_says_is_caught(
    shared_data: Path, tmp_path: Path, subject: Callable[..., Subject]
) -> None:
    def shift(model: Any) -> None:
        quantization = model.subgraphs[0].tensors[model.subgraphs[0].inputs[0]].quantization
        quantization.zeroPoint = np.array([0])

    path = shared_data / "tflite" / "mlperf_tiny_vww.tflite"
    tensors = _Tensors(path)
    job = GateJob(model_input=ImageInput(width=96, height=96), decoder=Raw(), labels=())
    held_out = MadeInputs(job.model_input, tensors.inputs, count=2, seed=0)
    changed = with_fault(path, tmp_path / "changed.tflite", shift)
    backend = open_backend("litert", path)
    with record_source(lambda given: backend.infer(tuple(given)), tensors, held_out) as record:
        verdict = run_gate(job, subject(changed, "int8", tensors, "tflite"), record).report.verdict
    backend.close()
    assert (verdict.outcome, verdict.decided_by) == ("failed", "load")
    assert "zero point 0, expected" in verdict.reasons[0]


def test_shuffled_weights_are_caught(visual_wake_words: Callable[..., GateReport]) -> None:
    def shuffle(model: Any) -> None:
        graph = model.subgraphs[0]
        weights = model.buffers[graph.tensors[graph.operators[0].inputs[1]].buffer]
        weights.data = np.random.default_rng(0).permutation(weights.data)

    assert visual_wake_words(shuffle).verdict.outcome == "failed"


def test_a_streaming_wake_word_is_judged_on_recordings_in_their_order(
    shared_data: Path, subject: Callable[..., Subject]
) -> None:
    from skerry_edge.audio.manifest import builtin_manifests

    path = builtin_manifests()["alexa"].with_suffix(".tflite")
    tensors = _Tensors(path)
    samples = open_calibration(shared_data / "wakeword" / "negative", AudioInput(), tensors.inputs[0], limit=3)
    job = GateJob(model_input=AudioInput(), decoder=Raw(), labels=())
    backend = open_backend("litert", path)
    with record_source(
        lambda given: backend.infer(tuple(given)), tensors, HeldOutSamples(samples, "gate data")
    ) as record:
        report = run_gate(job, subject(path, "int8", tensors, "tflite"), record).report
    backend.close()
    assert report.held_out.kind == "recordings"
    assert all(one.exact for one in report.outputs)
    assert report.verdict.outcome == "passed"

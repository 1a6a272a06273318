"""Small networks with one fault each, of the kinds that converters have been seen to make, and the same without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from skerry_converters.gates.job import GateJob, GateResult, Subject
from skerry_converters.gates.made_inputs import MadeInputs
from skerry_converters.gates.run import run_gate
from skerry_converters.gates.source_record import SourceRecord, record_source
from skerry_edge.backends.registry import open_backend
from skerry_edge.contracts.manifest import ImageInput, Raw, Tensor

IMAGE = ImageInput(width=32, height=32)
JOB = GateJob(model_input=IMAGE, decoder=Raw(), labels=())
SIDE, FILTERS, OUTPUTS = 32, 8, 6
Rewrite = Callable[..., None]


class Graph:
    """An ONNX graph written down node by node."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.held: list[onnx.TensorProto] = []

    def constant(self, name: str, value: np.ndarray) -> str:
        self.held.append(numpy_helper.from_array(value, name))
        return name

    def add(self, kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def save(self, path: Path) -> Path:
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIDE, SIDE])
        head = helper.make_tensor_value_info("head", TensorProto.FLOAT, [1, OUTPUTS, SIDE // 2, SIDE // 2])
        graph = helper.make_graph(self.nodes, "small", [image], [head], self.held)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
        onnx.checker.check_model(model)
        onnx.save(model, path)
        return path


def kernels() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(5)
    first = random.normal(0, 0.4, (FILTERS, 3, 3, 3)).astype(np.float32)
    second = random.normal(0, 0.4, (OUTPUTS, FILTERS, 1, 1)).astype(np.float32)
    # Colours must matter: red pulls one way and blue the other.
    first[:, 0] += 0.3
    first[:, 2] -= 0.3
    return first, second


def float_network(path: Path) -> Path:
    graph = Graph()
    first, second = kernels()
    hidden = graph.add("Conv", ["image", graph.constant("first", first)], "hidden", pads=[1, 1, 1, 1], strides=[2, 2])
    active = graph.add("LeakyRelu", [hidden], "active", alpha=0.1)
    graph.add("Conv", [active, graph.constant("second", second)], "head")
    return graph.save(path)


def half_network(path: Path, *, gain: float = 1.0) -> Path:
    """Write the network with all arithmetic in float16; its weights are ``gain`` times as large, which is taken out."""
    graph = Graph()
    first, second = kernels()
    with np.errstate(over="ignore"):
        halves = [one.astype(np.float16) for one in (first * gain, second)]
    image = graph.add("Cast", ["image"], "image_half", to=TensorProto.FLOAT16)
    scaled = graph.add("Mul", [image, graph.constant("gain", np.float16(1 / gain))], "scaled")
    inputs = [scaled, graph.constant("first", halves[0])]
    hidden = graph.add("Conv", inputs, "hidden", pads=[1, 1, 1, 1], strides=[2, 2])
    active = graph.add("LeakyRelu", [hidden], "active", alpha=0.1)
    out = graph.add("Conv", [active, graph.constant("second", halves[1])], "out")
    graph.add("Cast", [out], "head", to=TensorProto.FLOAT)
    return graph.save(path)


def dynamic_network(path: Path) -> Path:
    """Write the network with int8 weights, one scale a channel, and float activations."""
    graph = Graph()
    names = []
    for name, kernel in zip(("first", "second"), kernels(), strict=True):
        scales = (np.abs(kernel).max(axis=(1, 2, 3)) / 127).astype(np.float32)
        stored = np.rint(kernel / scales[:, None, None, None]).astype(np.int8)
        inputs = [graph.constant(f"{name}_stored", stored), graph.constant(f"{name}_scales", scales)]
        names.append(graph.add("DequantizeLinear", inputs, name, axis=0))
    hidden = graph.add("Conv", ["image", names[0]], "hidden", pads=[1, 1, 1, 1], strides=[2, 2])
    active = graph.add("LeakyRelu", [hidden], "active", alpha=0.1)
    graph.add("Conv", [active, names[1]], "head")
    return graph.save(path)


def quantized_network(path: Path, dtype: type[np.signedinteger], *, ranges: tuple[float, float] = (1.0, 1.0)) -> Path:
    """Write the network with activations rounded to ``dtype``; ``ranges`` shrink those of hidden values and output."""
    graph = Graph()
    first, second = kernels()
    top = np.iinfo(dtype).max

    def rounded(name: str, limit: float) -> str:
        parts = [graph.constant(f"{name}_scale", np.float32(limit / top)), graph.constant(f"{name}_zero", dtype(0))]
        stored = graph.add("QuantizeLinear", [name, *parts], f"{name}_stored")
        return graph.add("DequantizeLinear", [stored, *parts], f"{name}_real")

    image = rounded("image", 1.0)
    graph.add("Conv", [image, graph.constant("first", first)], "hidden", pads=[1, 1, 1, 1], strides=[2, 2])
    active = graph.add("LeakyRelu", [rounded("hidden", 12.0 * ranges[0])], "active", alpha=0.1)
    graph.add("Conv", [active, graph.constant("second", second)], "sum")
    graph.add("Identity", [rounded("sum", 24.0 * ranges[1])], "head")
    return graph.save(path)


@pytest.fixture
def tensors(tmp_path: Path) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    image = Tensor(name="image", shape=(1, 3, SIDE, SIDE), layout="NCHW")
    return (image,), (Tensor(name="head", shape=(1, OUTPUTS, SIDE // 2, SIDE // 2), layout="NCHW"),)


class _Tensors:
    def __init__(self, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]) -> None:
        self.inputs, self.outputs = inputs, outputs


@pytest.fixture
def record(tmp_path: Path, tensors: tuple[tuple[Tensor, ...], tuple[Tensor, ...]]) -> Iterator[SourceRecord]:
    source = float_network(tmp_path / "source.onnx")
    backend = open_backend("onnx", source)
    held_out = MadeInputs(IMAGE, tensors[0], count=6, seed=0)
    with ExitStack() as stack:
        yield stack.enter_context(
            record_source(lambda given: backend.infer(tuple(given)), _Tensors(*tensors), held_out)
        )
    backend.close()


@pytest.fixture
def judged(
    record: SourceRecord,
    tensors: tuple[tuple[Tensor, ...], tuple[Tensor, ...]],
    subject: Callable[..., Subject],
) -> Callable[..., GateResult]:
    def judge(path: Path, precision: str) -> GateResult:
        return run_gate(JOB, subject(path, precision, _Tensors(*tensors)), record)

    return judge


Judge = Callable[..., GateResult]


def sqnr(result: GateResult) -> float:
    ratio = result.report.outputs[0].sqnr_db
    assert ratio is not None
    return ratio


def test_the_network_itself_passes_as_fp32(judged: Judge, tmp_path: Path) -> None:
    report = judged(float_network(tmp_path / "a.onnx"), "fp32").report
    assert report.verdict.outcome == "passed"
    assert report.held_out.origin == "made"
    assert report.boxes is None


def test_a_good_fp16_file_passes_and_one_whose_weights_overflow_does_not(judged: Judge, tmp_path: Path) -> None:
    good = judged(half_network(tmp_path / "good.onnx"), "fp16")
    assert good.report.verdict.outcome == "passed"
    assert sqnr(good) > 50
    broken = judged(half_network(tmp_path / "broken.onnx", gain=100_000.0), "fp16").report.verdict
    assert (broken.outcome, broken.decided_by) == ("failed", "values")
    assert "not finite" in broken.reasons[0]


def test_an_fp16_file_that_lost_its_small_weights_is_caught(
    judged: Judge, tmp_path: Path, changed: Callable[..., Path], constant: Rewrite
) -> None:
    def flush(model: onnx.ModelProto) -> None:
        constant(model, "second", lambda value: np.where(np.abs(value) < 0.2, 0, value))

    path = changed(half_network(tmp_path / "good.onnx"), "flushed", flush)
    verdict = judged(path, "fp16").report.verdict
    assert (verdict.outcome, verdict.decided_by) == ("failed", "sqnr")


def test_a_good_dynamic_range_file_passes_and_scales_of_other_channels_are_caught(
    judged: Judge, tmp_path: Path, changed: Callable[..., Path], constant: Rewrite
) -> None:
    good = dynamic_network(tmp_path / "good.onnx")
    assert judged(good, "dynamic").report.verdict.passed
    assert sqnr(judged(good, "dynamic")) > 30

    def as_bytes(model: onnx.ModelProto) -> None:
        # The weights read as unsigned: every negative one turns into a large positive one.
        constant(model, "second_stored", lambda value: np.where(value < 0, 127, value))

    broken = judged(changed(good, "unsigned", as_bytes), "dynamic").report.verdict
    assert (broken.outcome, broken.decided_by) == ("failed", "sqnr")


# In exact arithmetic int16 gives 72 dB here; ONNX Runtime's graph optimizations bring that down to 40.
@pytest.mark.parametrize(("dtype", "precision", "least_db"), [(np.int8, "int8", 20), (np.int16, "int8x16", 35)])
def test_good_integer_activations_pass(
    judged: Judge, tmp_path: Path, dtype: type[np.signedinteger], precision: str, least_db: float
) -> None:
    good = judged(quantized_network(tmp_path / "good.onnx", dtype), precision)
    assert good.report.verdict.passed
    assert sqnr(good) > least_db


@pytest.mark.parametrize(("dtype", "precision"), [(np.int8, "int8"), (np.int16, "int8x16")])
@pytest.mark.parametrize("ranges", [(0.02, 1.0), (1.0, 0.02)], ids=["inside", "at the output"])
def test_saturated_activations_are_caught(
    judged: Judge, tmp_path: Path, dtype: type[np.signedinteger], precision: str, ranges: tuple[float, float]
) -> None:
    verdict = judged(quantized_network(tmp_path / "a.onnx", dtype, ranges=ranges), precision).report.verdict
    assert (verdict.outcome, verdict.decided_by) == ("failed", "sqnr")


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
@pytest.mark.parametrize(
    ("value", "reason"), [(np.nan, "not finite"), (np.inf, "not finite"), (0.0, "the same value everywhere")]
)
def test_a_weight_that_spoils_every_value_is_caught(
    judged: Judge,
    tmp_path: Path,
    changed: Callable[..., Path],
    constant: Rewrite,
    precision: str,
    value: float,
    reason: str,
) -> None:
    def spoil(model: onnx.ModelProto) -> None:
        constant(model, "second", lambda held: np.full_like(held, value))

    verdict = judged(changed(float_network(tmp_path / "a.onnx"), "spoilt", spoil), precision).report.verdict
    assert (verdict.outcome, verdict.decided_by) == ("failed", "values")
    assert reason in verdict.reasons[0]


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_an_output_that_ignores_the_picture_is_caught(judged: Judge, tmp_path: Path, precision: str) -> None:
    graph = Graph()
    value = np.random.default_rng(0).normal(size=(1, OUTPUTS, SIDE // 2, SIDE // 2)).astype(np.float32)
    nothing = graph.add("Mul", ["image", graph.constant("zero", np.float32(0))], "nothing")
    mean = graph.add("ReduceMean", [nothing], "mean", keepdims=0)
    graph.add("Add", [graph.constant("always", value), mean], "head")
    verdict = judged(graph.save(tmp_path / "a.onnx"), precision).report.verdict
    assert verdict.decided_by == "values"
    assert "the same for every input" in verdict.reasons[0]


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_exchanged_colours_are_caught_without_any_boxes(
    judged: Judge, tmp_path: Path, changed: Callable[..., Path], constant: Rewrite, precision: str
) -> None:
    def exchange(model: onnx.ModelProto) -> None:
        constant(model, "first", lambda held: held[:, ::-1])

    verdict = judged(changed(float_network(tmp_path / "a.onnx"), "bgr", exchange), precision).report.verdict
    assert (verdict.outcome, verdict.decided_by) == ("failed", "colour")


def test_a_file_cut_short_does_not_load(judged: Judge, tmp_path: Path) -> None:
    path = float_network(tmp_path / "a.onnx")
    path.write_bytes(path.read_bytes()[:300])
    result = judged(path, "fp32")
    assert (result.report.verdict.outcome, result.report.verdict.decided_by) == ("failed", "load")
    assert "cannot load the model" in result.report.verdict.reasons[0]
    assert result.pictures == ()


def test_a_file_with_other_tensors_than_described_does_not_load(
    judged: Judge, tmp_path: Path, changed: Callable[..., Path]
) -> None:
    def rename(model: onnx.ModelProto) -> None:
        model.graph.node[-1].output[0] = model.graph.output[0].name = "tail"

    verdict = judged(changed(float_network(tmp_path / "a.onnx"), "renamed", rename), "fp32").report.verdict
    assert verdict.decided_by == "load"
    assert "'tail'" in verdict.reasons[0]


def test_outputs_of_another_shape_than_the_sources_are_caught(
    record: SourceRecord, tmp_path: Path, subject: Callable[..., Subject], tensors: tuple[tuple[Tensor, ...], ...]
) -> None:
    path = float_network(tmp_path / "a.onnx")
    described = subject(path, "fp32", _Tensors(tensors[0], tensors[1]))
    smaller = _Tensors(tensors[0], (Tensor(name="head", shape=(1, 2, 4, 4), layout="NCHW"),))
    verdict = run_gate(JOB, subject(path, "fp32", smaller), record).report.verdict
    assert verdict.decided_by == "load"
    twice = _Tensors(tensors[0], tensors[1] * 2)
    assert run_gate(JOB, subject(path, "fp32", twice), record).report.verdict.decided_by == "load"
    assert run_gate(JOB, described, record).report.verdict.passed


def test_a_file_that_fails_while_it_runs_is_caught(judged: Judge, tmp_path: Path) -> None:
    graph = Graph()
    shape = graph.constant("shape", np.array([1, OUTPUTS, SIDE // 2, SIDE // 2], np.int64))
    kept = graph.add("NonZero", ["image"], "kept")
    values = graph.add("Cast", [kept], "values", to=TensorProto.FLOAT)
    graph.add("Reshape", [values, shape], "head")
    verdict = judged(graph.save(tmp_path / "a.onnx"), "fp32").report.verdict
    assert (verdict.outcome, verdict.decided_by) == ("failed", "run")
    assert "inference failed" in verdict.reasons[0]


def test_progress_is_told_and_nothing_is_printed(
    record: SourceRecord,
    tmp_path: Path,
    subject: Callable[..., Subject],
    tensors: tuple[tuple[Tensor, ...], ...],
    capsys: pytest.CaptureFixture[str],
) -> None:
    told: list[tuple[int, int]] = []
    described = subject(float_network(tmp_path / "a.onnx"), "fp32", _Tensors(tensors[0], tensors[1]))
    run_gate(JOB, described, record, progress=lambda done, total: told.append((done, total)))
    assert told == [(done, 6) for done in range(6)]
    assert capsys.readouterr() == ("", "")

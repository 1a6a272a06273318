"""Files of known fault or none, and the gate that is to tell them apart."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from skerry_converters.calibration.calibration_set import CalibrationSet
from skerry_converters.calibration.opening import open_calibration
from skerry_converters.darknet.source import load_darknet
from skerry_converters.emit_onnx import emit_onnx
from skerry_converters.gates.held_out import HeldOutSamples
from skerry_converters.gates.job import GateJob, GateResult, Subject
from skerry_converters.gates.run import run_gate
from skerry_converters.gates.source_record import SourceRecord, record_source
from skerry_converters.model import Thresholds
from skerry_edge.backends.registry import open_backend
from skerry_edge.bench.annotations.dataset import Dataset, read_dataset
from skerry_edge.contracts.manifest import Tensor, Variant

Change = Callable[[onnx.ModelProto], None]


@dataclass(frozen=True)
class Tensors:
    """A source's tensors."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


@pytest.fixture(scope="session")
def subject() -> Callable[..., Subject]:
    """Return a function that describes a file to the gate as a manifest will."""

    def describe(path: Path, precision: str, tensors: Tensors, model_format: str = "onnx") -> Subject:
        data = path.read_bytes()
        variant = Variant(
            file=path.name,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            format=model_format,  # type: ignore[arg-type]
            precision=precision,
            inputs=tensors.inputs,
            outputs=tensors.outputs,
        )
        return Subject(name=f"{model_format}-{precision}", variant=variant, path=path)

    return describe


@pytest.fixture(scope="session")
def changed() -> Callable[..., Path]:
    """Return a function that changes an ONNX file and saves it under another name beside it."""

    def change(path: Path, name: str, fault: Change) -> Path:
        model = onnx.load(path)
        fault(model)
        out = path.with_name(f"{name}.onnx")
        onnx.save(model, out)
        return out

    return change


@pytest.fixture(scope="session")
def constant() -> Callable[..., None]:
    """Return a function that puts a function of a constant's value in its place."""

    def rewrite(model: onnx.ModelProto, name: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
        (held,) = [one for one in model.graph.initializer if one.name == name]
        value = numpy_helper.to_array(held)
        held.CopyFrom(numpy_helper.from_array(change(value.copy()).astype(value.dtype), name))

    return rewrite


@dataclass(frozen=True)
class Fastest:
    """Yolo-Fastest on VOC: its float file, its own int8 file, the gate's job, and one half of the photographs."""

    float_path: Path
    int8_path: Path
    tensors: Tensors
    job: GateJob
    held: CalibrationSet
    dataset: Dataset


@pytest.fixture(scope="session")
def fastest(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Fastest:
    """Convert Yolo-Fastest, and quantize it plainly with ONNX Runtime on half of the photographs."""
    folder = shared_data / "darknet"
    model = load_darknet(
        folder / "yolo-fastest-voc.cfg",
        folder / "yolo-fastest-voc.weights",
        folder / "voc.names",
        resize=None,
        thresholds=Thresholds(),
    )
    out = tmp_path_factory.mktemp("fastest")
    (out / "float.onnx").write_bytes(emit_onnx(model.network, model.shapes, model.weights))
    backend = open_backend("onnx", out / "float.onnx")
    tensors = Tensors(*(tuple(_described(info) for info in infos) for infos in (backend.inputs, backend.outputs)))
    backend.close()
    everything = open_calibration(shared_data / "voc", model.image, tensors.inputs[0])
    rest, held = everything.split(0.5, 0)
    quantize(out / "float.onnx", out / "int8.onnx", rest)
    job = GateJob(model_input=model.image, decoder=model.decoder, labels=model.labels)
    return Fastest(
        float_path=out / "float.onnx",
        int8_path=out / "int8.onnx",
        tensors=tensors,
        job=job,
        held=held,
        dataset=read_dataset(shared_data / "voc", model.labels),
    )


def _described(info: object) -> Tensor:
    return Tensor(name=info.name, shape=info.shape, layout="NCHW")  # type: ignore[attr-defined]


def quantize(source: Path, target: Path, calibration: CalibrationSet) -> None:
    """Quantize a file with ONNX Runtime: weights per channel, activations uint8, ranges from minimum to maximum."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self._tensors = iter(calibration.tensors())

        def get_next(self) -> dict[str, np.ndarray] | None:
            tensor = next(self._tensors, None)
            return None if tensor is None else {calibration.tensor.name: tensor}

    quantize_static(
        source,
        target,
        Reader(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        weight_type=QuantType.QInt8,
        activation_type=QuantType.QUInt8,
    )


@pytest.fixture(scope="session")
def recorded(fastest: Fastest) -> Iterator[Callable[..., SourceRecord]]:
    """Return a function that gives the source's record, with labels or without; each is made once."""
    from contextlib import ExitStack

    backend = open_backend("onnx", fastest.float_path)
    with ExitStack() as stack:
        records: dict[bool, SourceRecord] = {}

        def record(*, labelled: bool) -> SourceRecord:
            if labelled not in records:
                dataset = fastest.dataset if labelled else None
                held_out = HeldOutSamples(fastest.held, "set aside", dataset=dataset)
                recording = record_source(lambda given: backend.infer(tuple(given)), fastest.tensors, held_out)
                records[labelled] = stack.enter_context(recording)
            return records[labelled]

        yield record
    backend.close()


@pytest.fixture
def judged(
    fastest: Fastest, recorded: Callable[..., SourceRecord], subject: Callable[..., Subject]
) -> Callable[..., GateResult]:
    """Return a function that puts a file of Yolo-Fastest through the gate."""

    def judge(path: Path, precision: str = "int8", *, labelled: bool = True) -> GateResult:
        return run_gate(fastest.job, subject(path, precision, fastest.tensors), recorded(labelled=labelled))

    return judge

"""Values of tensors inside a float ONNX network, from ONNX Runtime as it calibrates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from skerry_converters.accuracy.float_graph import FloatArray
from skerry_edge.backends.onnx import import_onnxruntime


def watch_onnx(path: Path, tensors: Sequence[str], samples: Iterable[FloatArray]) -> Iterator[Sequence[FloatArray]]:
    """Yield, for each sample of a network's one input, the values of ``tensors``; see `Watch`."""
    import onnx  # noqa: PLC0415  # heavy

    ort = import_onnxruntime()
    model = onnx.load(path)
    (entering,) = (one.name for one in model.graph.input)
    wanted = [name for name in dict.fromkeys(tensors) if name != entering]
    del model.graph.output[:]
    # A name alone is enough: ONNX Runtime infers the rest.
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in wanted)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    # Optimized away, a tensor could not be watched.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    for sample in samples:
        values = dict(zip(wanted, session.run(wanted, {entering: sample}), strict=True)) if wanted else {}
        values[entering] = sample
        yield [values[name] for name in tensors]

"""The layers of OpenVINO files, paired by their names, and the values inside such files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from skerry_converters.layer_errors.pairing import Pair, Pairing, once
from skerry_edge.backends.base import Array
from skerry_edge.backends.openvino import shared_core

MULTIPLYING = (
    "Convolution",
    "GroupConvolution",
    "ConvolutionBackpropData",
    "GroupConvolutionBackpropData",
    "MatMul",
)
Node = Any
"""An operation of an OpenVINO model; openvino ships no types."""


def pair_openvino(emitted: Path, reference: Path) -> Pairing:
    """Pair two OpenVINO files of one conversion; a layer's value is taken after its bias where both have it."""
    ours, theirs = _model(emitted), _model(reference)
    layers = [node for node in ours.get_ordered_ops() if node.get_type_name() in MULTIPLYING]
    own, others = _by_name(ours), _by_name(theirs)
    pairs = []
    for node in layers:
        name, kind = node.get_friendly_name(), node.get_type_name()
        twin = others.get(name)
        if twin is None or name not in own or twin.get_type_name() != kind:
            continue
        bias = _bias_after(node)
        value = bias if bias and bias == _bias_after(twin) and bias in own and bias in others else name
        pairs.append(Pair(name=name, kind=kind, emitted=value, reference=value))
    return Pairing(pairs=tuple(pairs), multiplying=len(layers))


def _model(path: Path) -> Any:  # noqa: ANN401  # openvino ships no types
    # The weights are read, not mapped: the file may be replaced while the model lives.
    return shared_core().read_model(path, config={"ENABLE_MMAP": False})


def _by_name(model: Any) -> dict[str, Node]:  # noqa: ANN401  # openvino ships no types
    nodes = {node.get_friendly_name(): node for node in model.get_ops()}
    names = once(node.get_friendly_name() for node in model.get_ops())
    return {name: nodes[name] for name in names}


def _bias_after(node: Node) -> str | None:
    """Return the name of the addition that alone reads a layer's result, where it adds a constant."""
    readers = list(node.output(0).get_target_inputs())
    if len(readers) != 1 or readers[0].get_node().get_type_name() != "Add":
        return None
    addition = readers[0].get_node()
    other = addition.input_value(1 - readers[0].get_index()).get_node()
    while other.get_type_name() == "Convert":
        other = other.input_value(0).get_node()
    return str(addition.get_friendly_name()) if other.get_type_name() == "Constant" else None


def watch_openvino(path: Path, tensors: Sequence[str], samples: Iterable[Array]) -> Iterator[Sequence[Array]]:
    """Yield, for each sample of a file's one input, the values of the operations that ``tensors`` names."""
    import openvino as ov  # noqa: PLC0415  # heavy

    model = _model(path)
    named = _by_name(model)
    opened = ov.Model([named[name].output(0) for name in tensors], model.get_parameters(), "layers")
    # As gates run it: left to itself OpenVINO computes float models in bf16 or f16.
    compiled = shared_core().compile_model(opened, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    request = compiled.create_infer_request()
    for sample in samples:
        request.infer([sample])
        yield [request.get_output_tensor(place).data.copy() for place in range(len(tensors))]

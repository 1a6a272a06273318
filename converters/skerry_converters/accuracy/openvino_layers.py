"""The multiplying layers of an OpenVINO model, and those of a quantized one put back to float."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from skerry_converters.accuracy.float_graph import Multiplier
from skerry_converters.families.openvino_conversion import Model, import_openvino
from skerry_converters.layer_errors.openvino_layers import MULTIPLYING

_AFTER = ("Add", "Multiply", "Relu", "PRelu", "Clamp", "Reshape", "Squeeze", "Unsqueeze", "Transpose")
"""What the converter makes of one layer's bias, activation and layout."""
_PASSING = ("MaxPool", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "Interpolate")
"""What NNCF moves a fake quantization across, towards the tensor's beginning."""

Node = Any
"""An `openvino.Node`."""


def layer_names(model: Model, multipliers: Iterable[Multiplier]) -> dict[str, str]:
    """Return the name of each multiplier's node in a converted model, by the multiplier's own.

    Nodes are found by the tensor that they make: their own names are not those of the file. What cannot be found is
    left out: of a TFLite file's tensors few keep their names, as their layout is turned.
    """
    made = {name: output.get_node() for node in model.get_ops() for output in node.outputs() for name in output.names}
    found = {one.name: _multiplying(made[one.output]) for one in multipliers if one.output in made}
    return {name: node.get_friendly_name() for name, node in found.items() if node is not None}


def put_back(model: Model, original: Model, layers: Iterable[str]) -> None:
    """Give layers, by their nodes' names, the weights, the bias and the input of the float model again, in place.

    ``original`` is the very model that ``model`` was quantized from. NNCF can leave layers out itself, but then it runs
    all samples again.
    """
    nodes = {node.get_friendly_name(): node for node in model.get_ops()}
    before = {node.get_friendly_name(): node for node in original.get_ops()}
    for name in layers:
        _copy_constant(before[name], nodes[name], 1)
        _read_unrounded(nodes[name])
        for bias in _readers(nodes[name]):
            if bias.get_type_name() == "Add" and bias.get_friendly_name() in before:
                _copy_constant(before[bias.get_friendly_name()], bias, 1)
    model.validate_nodes_and_infer_types()


def _multiplying(node: Node) -> Node | None:
    """Return the multiplying node that makes a layer's output, or None."""
    while node.get_type_name() in _AFTER:
        node = node.input_value(0).get_node()
    return node if node.get_type_name() in MULTIPLYING else None


def _copy_constant(source: Node, target: Node, place: int) -> None:
    """Let ``target`` read the constant that ``source`` reads at the same place, if it is one."""
    constant = source.input_value(place).get_node()
    if constant.get_type_name() == "Constant":
        fresh = import_openvino().opset13.constant(constant.get_data())
        fresh.set_friendly_name(constant.get_friendly_name())
        target.input(place).replace_source_output(fresh.output(0))


def _read_unrounded(layer: Node) -> None:
    """Take the fake quantization away from between a layer and what it reads, unless others read what lies there."""
    entry = layer.input(0)
    while (node := entry.get_source_output().get_node()).get_type_name() in _PASSING and len(_readers(node)) == 1:
        entry = node.input(0)
    if node.get_type_name() == "FakeQuantize":
        entry.replace_source_output(node.input_value(0))


def _readers(node: Node) -> list[Node]:
    return [one.get_node() for one in node.output(0).get_target_inputs()]

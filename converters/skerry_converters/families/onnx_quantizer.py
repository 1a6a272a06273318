"""Static int8 of an ONNX network in QDQ form, by ONNX Runtime's calibrator and quantizer."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from skerry_converters.families.base import FloatArray, Samples
from skerry_converters.families.onnx_compact import compact
from skerry_converters.families.onnx_nodes import MULTIPLYING, Model, OnnxNodes
from skerry_converters.sources.onnx_reading import first_line
from skerry_edge.foundation.errors import DataError, SkerryError

LEAST_OPSET = 13
"""The first opset whose DequantizeLinear has an axis, which scales for each channel need."""
LEAST_IR = 4
"""The first version of the file format in which a constant need not be an input as well."""
ACTIVATIONS = ("Relu", "LeakyRelu", "PRelu", "Clip")
"""What belongs to the layer before it: it stays float together with that."""

Ranges = Mapping[str, tuple[float, float]]
"""Least and greatest value by tensor."""
Calibration = Mapping[str, tuple[FloatArray, FloatArray]]
"""Least and greatest value by tensor as ONNX Runtime's calibrator gives them, float32 (1,)."""


def prepare_for_quantization(path: Path, folder: Path, *, where: str) -> Path:
    """Write a network with batch norm folded, shapes known, and names of their own for the nodes that multiply.

    Its opset has scales for each channel, and its constants are nothing else. ``where`` names the source. Raises
    DataError where onnx or ONNX Runtime cannot do so.
    """
    import onnx  # noqa: PLC0415  # heavy
    from onnxruntime.quantization.shape_inference import quant_pre_process  # noqa: PLC0415  # heavy

    raised, prepared = folder / "source-raised.onnx", folder / "source-prepared.onnx"
    model = onnx.load(path)
    try:
        if next(one.version for one in model.opset_import if one.domain in ("", "ai.onnx")) < LEAST_OPSET:
            model = onnx.version_converter.convert_version(model, LEAST_OPSET)
        _make_constants_plain(model)
        _name_layers(model)
        raised.write_bytes(model.SerializeToString(deterministic=True))
        # Symbolic shape inference needs sympy, and shapes are fixed here.
        quant_pre_process(raised, prepared, skip_symbolic_shape=True)
    except OSError:
        raise  # a full disk is not the network's fault
    except Exception as error:  # ONNX Runtime's own exceptions share no other base
        raise DataError("the network cannot be prepared", where=where, found=first_line(error)) from error
    model = onnx.load(prepared)
    _name_layers(model)  # again: folding may have made new ones
    prepared.write_bytes(model.SerializeToString(deterministic=True))
    return prepared


def calibrate(prepared: Path, samples: Samples, *, where: str) -> Calibration:
    """Return the ranges of a prepared network's activations over all samples of its one input.

    ``where`` names the source in messages. Raises DataError where ONNX Runtime cannot run the network.
    """
    from onnxruntime.quantization import CalibrationMethod, create_calibrator  # noqa: PLC0415  # heavy

    # Below a folder of the caller's: this process may be killed, and nobody would clear away what lies elsewhere.
    with tempfile.TemporaryDirectory(prefix="calibration-", dir=prepared.parent) as folder:
        try:
            calibrator = create_calibrator(
                prepared,
                _quantizable(),
                augmented_model_path=str(Path(folder) / "augmented.onnx"),
                calibrate_method=CalibrationMethod.MinMax,
            )
            calibrator.collect_data(SampleReader(samples, calibrator.infer_session.get_inputs()[0].name))
            found = calibrator.compute_data()
        except SkerryError:
            raise  # the samples' own
        except Exception as error:  # ONNX Runtime's own exceptions share no other base
            raise DataError("ONNX Runtime cannot run the network", where=where, found=first_line(error)) from error
    return {name: found[name].range_value for name in sorted(found.keys())}


def quantize(
    prepared: Path,
    calibration: Calibration,
    ranges: Ranges | None = None,
    kept_float: Collection[str] = (),
    *,
    where: str,
) -> Model:
    """Return a prepared network with int8 weights, a scale for each filter, and uint8 activations.

    ``ranges`` replace those of ``calibration``; nodes named in ``kept_float`` stay float with their activations. Inputs
    and outputs of the network stay float32. Raises DataError where ONNX Runtime cannot quantize it.
    """
    import onnx  # noqa: PLC0415  # heavy
    from onnxruntime.quantization import CalibrationMethod, QDQQuantizer, QuantType  # noqa: PLC0415  # heavy
    from onnxruntime.quantization.calibrate import TensorsData  # noqa: PLC0415  # heavy

    model = onnx.load(prepared)
    try:
        quantizer = QDQQuantizer(
            model,
            per_channel=True,
            reduce_range=False,
            weight_qType=QuantType.QInt8,
            activation_qType=QuantType.QUInt8,
            tensors_range=TensorsData(CalibrationMethod.MinMax, dict(calibration)),
            nodes_to_quantize=[],
            nodes_to_exclude=_with_activations(model, kept_float),
            op_types_to_quantize=_quantizable(),
            extra_options={"TensorQuantOverrides": _overrides(ranges or {}, calibration)},
        )
        quantizer.quantize_model()
        quantizer.model.topological_sort()
    except (ValueError, RuntimeError, AssertionError, KeyError, TypeError) as error:
        raise DataError("ONNX Runtime cannot quantize the network", where=where, found=first_line(error)) from error
    _hold_float(quantizer.model.model, kept_float)
    return quantizer.model.model


def write_compact(model: Model, path: Path) -> None:
    """Write a quantized model to ``path`` without what only its size has of it; the model is changed by it."""
    compact(model)
    path.write_bytes(model.SerializeToString(deterministic=True))


def quantized_activations(model: Model) -> frozenset[str]:
    """Return the tensors of a network that has been quantized, and not been compacted, with a range of their own.

    What only moves values, such as a max-pool, hands on its input's.
    """
    quantizing = [node for node in model.graph.node if node.op_type == "QuantizeLinear"]
    firsts = {node.input[1]: node for node in reversed(quantizing)}
    outputs = {one.name for one in model.graph.output}
    dequantized = {node.input[0]: node.output[0] for node in model.graph.node if node.op_type == "DequantizeLinear"}
    found = set()
    for node in firsts.values():
        # An output of the network is renamed before it is quantized, and has its name after it.
        made = dequantized.get(node.output[0], "")
        found.add(made if made in outputs else node.input[0])
    return frozenset(found)


class SampleReader:
    """Hands samples to ONNX Runtime's calibrator one by one."""

    def __init__(self, samples: Samples, name: str) -> None:
        self._left: Iterator[FloatArray] = iter(samples)
        self._name = name

    def get_next(self) -> dict[str, FloatArray] | None:
        """Return the next sample by the input's name, or None at the end."""
        sample = next(self._left, None)
        return None if sample is None else {self._name: sample}


def _quantizable() -> list[str]:
    """Return the kinds of nodes that ONNX Runtime's `quantize_static` quantizes where it is told nothing else."""
    from onnxruntime.quantization.registry import QDQRegistry, QLinearOpsRegistry  # noqa: PLC0415  # heavy

    return sorted({*QLinearOpsRegistry, *QDQRegistry})


def _overrides(ranges: Ranges, calibration: Calibration) -> dict[str, list[dict[str, Any]]]:
    return {
        name: [{"rmin": np.array(low, np.float32), "rmax": np.array(high, np.float32)}]
        for name, (low, high) in ranges.items()
        if name in calibration
    }


def _with_activations(model: Model, names: Collection[str]) -> list[str]:
    """Return the names of nodes and of the activations that alone read what they make."""
    nodes = OnnxNodes(model)
    readers = (nodes.only_reader(node.output[0]) for node in nodes.nodes if node.name in names)
    return sorted({*names, *(one.name for one in readers if one is not None and one.op_type in ACTIVATIONS)})


def _hold_float(model: Model, names: Collection[str]) -> None:
    """Put a step that changes nothing behind each of the nodes that ONNX Runtime would not leave float.

    As it loads a file it rounds float weights between DequantizeLinear and QuantizeLinear, with one scale for all
    filters (its WeightBiasQuantization). It looks through ReLU and Clip, but not through leaky ReLU, which it makes a
    part of a float convolution.
    """
    import onnx  # noqa: PLC0415  # heavy

    nodes = OnnxNodes(model)
    for place, node in reversed(list(enumerate(nodes.nodes))):
        reader = nodes.only_reader(node.output[0]) if node.name in names else None
        if reader is not None and reader.op_type in ("QuantizeLinear", "Relu", "Clip"):
            (made,) = node.output
            node.output[0] = f"{made}_HeldFloat"
            model.graph.node.insert(place + 1, onnx.helper.make_node("LeakyRelu", node.output, [made], alpha=1.0))


def _make_constants_plain(model: Model) -> None:
    """Take constants from the inputs, where old files list them: what could be replaced would not be folded."""
    constants = {one.name for one in model.graph.initializer}
    entering = [one for one in model.graph.input if one.name not in constants]
    del model.graph.input[:]
    model.graph.input.extend(entering)
    model.ir_version = max(model.ir_version, LEAST_IR)


def _name_layers(model: Model) -> None:
    """Name what has another's name, and layers and activations without one: by its name a node is kept float."""
    taken: set[str] = set()
    for node in model.graph.node:
        nameless = not node.name and node.op_type in (*MULTIPLYING, *ACTIVATIONS)
        if nameless or (node.name and node.name in taken):
            node.name = f"{node.op_type}_{node.output[0]}"
        taken.add(node.name)

"""What the Edge TPU compiler will map of a network, operator by operator, from published rules alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from skerry_converters.edgetpu.checks import Obstacle, computed_shape, obstacle
from skerry_converters.edgetpu.explanation import ON_CHIP_BYTES, Explanation, OperatorFate
from skerry_converters.edgetpu.partition import taken
from skerry_converters.edgetpu.supported import SUPPORTED
from skerry_converters.edgetpu.versions import COMPILER, TFLITE, newest_readable
from skerry_converters.tflite_file.macs import multiply_accumulates
from skerry_converters.tflite_file.model import Operator, Subgraph, TfliteModel
from skerry_converters.tflite_file.reader import read_tflite
from skerry_edge.foundation.errors import ConfigError

SOURCE = "prediction"
COMPILED_OPERATOR = "edgetpu-custom-op"
"""The custom operator that stands for what was compiled."""
OTHER_SUBGRAPH = Obstacle(
    cause="subgraph", reason="it is in another subgraph than the main one, which alone is compiled"
)


def explain(path: Path, *, multiple_subgraphs: bool = False) -> Explanation:
    """Predict what the compiler maps of a `.tflite` file.

    ``multiple_subgraphs`` stands for the compiler's experimental option `-a`. Raises ReachError and TfliteFileError for
    a file that cannot be read, ConfigError for one that is compiled already.
    """
    return explain_model(read_tflite(path), where=str(path), multiple_subgraphs=multiple_subgraphs)


def explain_model(model: TfliteModel, *, where: str, multiple_subgraphs: bool = False) -> Explanation:
    """Predict what the compiler maps of a model that has been read; ``where`` names it in errors."""
    if any(operator.custom_code == COMPILED_OPERATOR for _, operator in model.operators):
        raise ConfigError(
            "the model is compiled for the Edge TPU already",
            where=where,
            todo="give the file that it was compiled from",
        )
    refusal = _refusal(model)
    if refusal:
        fates: dict[int, list[Obstacle | None]] = {one.index: [refusal] * len(one.operators) for one in model.subgraphs}
    else:
        fates = {one.index: [OTHER_SUBGRAPH] * len(one.operators) for one in model.subgraphs[1:]}
        fates[0] = _main(model.main, multiple_subgraphs=multiple_subgraphs)
    operators = tuple(fate(graph, operator, fates[graph.index][operator.index]) for graph, operator in model.operators)
    parameters = parameter_bytes(model, [one.mapped for one in operators])
    notes = tuple(_notes(model, operators, parameters))
    return Explanation(source=SOURCE, operators=operators, parameter_bytes=parameters, notes=notes)


def fate(graph: Subgraph, operator: Operator, found: Obstacle | None) -> OperatorFate:
    """Return what becomes of an operator for what is in its way, None where nothing is."""
    return OperatorFate(
        name=operator.name,
        index=operator.index,
        subgraph=graph.index,
        custom_code=operator.custom_code,
        macs=multiply_accumulates(graph, operator),
        mapped=found is None,
        cause=found.cause if found else None,
        reason=found.reason if found else None,
    )


def parameter_bytes(model: TfliteModel, mapped: Sequence[bool]) -> int:
    """Return the bytes of the constants of mapped operators, each buffer once; ``mapped`` goes over all operators."""
    buffers = {
        tensor.buffer
        for (graph, operator), is_mapped in zip(model.operators, mapped, strict=True)
        if is_mapped
        for tensor in graph.given(operator)
        if tensor is not None and tensor.is_constant
    }
    return sum(model.buffer_sizes[buffer] for buffer in buffers)


def _main(graph: Subgraph, *, multiple_subgraphs: bool) -> list[Obstacle | None]:
    found = [obstacle(graph, operator) for operator in graph.operators]
    compiled = taken(graph, [one is None for one in found], multiple_subgraphs=multiple_subgraphs)
    roots: dict[int, Operator] = {}
    for place, operator in enumerate(graph.operators):
        if compiled[place]:
            continue
        root = operator
        if found[place] is None:
            root = next((roots[index] for index in operator.inputs if index in roots), operator)
            reason = f"it comes after {root.label} {root.index}, which is not mapped"
            found[place] = Obstacle(cause="subgraph", reason=reason)
        roots.update(dict.fromkeys(operator.outputs, root))
    return found


def _refusal(model: TfliteModel) -> Obstacle | None:
    """Return why the compiler takes no part of the file, if so: it loads the whole file into its own TFLite first."""
    for graph, operator in model.operators:
        known = newest_readable(operator.name)
        if operator.version > known:
            upto = f"knows it up to version {known}" if known else "does not know it"
            found = f"{operator.name} is of version {operator.version}, and TFLite {TFLITE} in the {COMPILER} {upto}"
            return Obstacle(cause="refused", reason=f"the compiler refuses the whole file: {found}")
        shape = computed_shape(graph, operator)
        if shape is not None:
            found = f"{operator.name} {operator.index} computes its size, by tensor '{shape.name}', as it runs"
            return Obstacle(cause="dynamic", reason=f"the compiler refuses the whole file: {found}")
    return None


def _notes(model: TfliteModel, operators: Sequence[OperatorFate], parameters: int) -> Iterable[str]:
    """Yield what a reader must know besides: runtime, memory, what no rule can tell."""
    mapped = [one for one in operators if one.mapped]
    if not mapped:
        yield "nothing runs on the Edge TPU"
        if any(one.cause == "type" for one in operators):
            yield "the network is not fully quantized: convert it to int8 first"
        return
    if any(size < 0 for index in model.main.inputs for size in model.main.tensors[index].signature[:1]):
        yield "the batch size is open; it is compiled for a batch of 1"
    needed = {one.name: SUPPORTED[one.name].runtime or 0 for one in mapped}
    runtime = max(needed.values())
    if runtime:
        asking = ", ".join(sorted(name for name, least in needed.items() if least == runtime))
        yield f"needs Edge TPU runtime {runtime} or later, for {asking}"
    if parameters > ON_CHIP_BYTES:
        yield f"{parameters - ON_CHIP_BYTES} bytes of parameters do not fit the chip and are streamed in every run"
    for name in sorted({one.name for one in mapped if SUPPORTED[one.name].unpublished}):
        yield f"{name}: {SUPPORTED[name].unpublished}; Coral does not say from which size on"

"""The layers of an emitted file run beside those of its float reference on a few held-out inputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec

from skerry_converters.accuracy.onnx_watch import watch_onnx
from skerry_converters.families.base import Emitted
from skerry_converters.gates.held_out import HeldOut
from skerry_converters.layer_errors.meter import LayerMeter
from skerry_converters.layer_errors.onnx_layers import pair_onnx
from skerry_converters.layer_errors.openvino_layers import pair_openvino, watch_openvino
from skerry_converters.layer_errors.pairing import Pair, Pairing
from skerry_converters.layer_errors.report import LayerError, LayerErrors
from skerry_converters.layer_errors.tflite_layers import pair_tflite, watch_tflite_file
from skerry_edge.backends.base import Array, BackendError
from skerry_edge.contracts.manifest import Tensor
from skerry_edge.foundation.errors import SkerryError

INPUTS = 4
"""The error of a layer is a mean over thousands of values: more inputs change it by tenths of a decibel."""

Watch = Callable[[Path, Sequence[str], Iterable[Array]], Iterator[Sequence[Array]]]
"""Runs a file and yields, for each sample of its one input, the real values of the tensors that are named."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Format:
    pair: Callable[[Path, Path], Pairing]
    watch: Watch


_FORMATS = {
    ".onnx": _Format(pair=pair_onnx, watch=watch_onnx),
    ".tflite": _Format(pair=pair_tflite, watch=watch_tflite_file),
    ".xml": _Format(pair=pair_openvino, watch=watch_openvino),
}


def measure_layers(emitted: Emitted, held_out: HeldOut) -> LayerErrors:
    """Return the error of each layer of ``emitted.runnable`` that multiplies, by the first held-out inputs.

    What cannot be measured is told by the result. Raises what reading the inputs raises.
    """
    reference = emitted.reference
    if reference is None:
        return LayerErrors(reason="there is no other float file of this format to hold its layers against")
    if len(emitted.inputs) != 1:
        return LayerErrors(reason=f"only networks of one input are looked into; this has {len(emitted.inputs)}")
    form = _FORMATS[emitted.runnable.suffix]
    pairing = form.pair(emitted.runnable, reference)
    if not pairing.pairs:
        return LayerErrors(multiplying=pairing.multiplying, reason="no layer has the name that the float file gives it")
    meter = LayerMeter(len(pairing.pairs))
    inputs = 0
    try:
        for want, got in _both(form.watch, emitted, reference, pairing.pairs, held_out):
            meter.add(want, got)
            inputs += 1
    except BackendError as error:
        return LayerErrors(multiplying=pairing.multiplying, reason=str(error))
    return LayerErrors(
        layers=tuple(_layers(pairing.pairs, meter, emitted.kept_float)),
        multiplying=pairing.multiplying,
        inputs=inputs,
    )


def _both(
    watch: Watch, emitted: Emitted, reference: Path, pairs: Sequence[Pair], held_out: HeldOut
) -> Iterator[tuple[Sequence[Array], Sequence[Array]]]:
    """Yield the values in the reference and in the emitted file, input by input."""
    (own,) = emitted.inputs
    wanted = watch(reference, [one.reference for one in pairs], _inputs(held_out, _real(own)))
    given = watch(emitted.runnable, [one.emitted for one in pairs], _inputs(held_out, own))
    runs = zip(wanted, given, strict=True)
    while True:
        try:
            both = next(runs)
        except StopIteration:
            return
        except SkerryError:
            raise
        except Exception as error:  # ONNX Runtime's own exceptions share no other base
            raise BackendError(
                "its layers cannot be looked into", where=emitted.runnable.name, found=str(error).strip()[:300]
            ) from error
        yield both


def _inputs(held_out: HeldOut, tensor: Tensor) -> Iterator[Array]:
    return (case.tensors[0] for case in islice(held_out.cases((tensor,)), INPUTS))


def _real(tensor: Tensor) -> Tensor:
    """Return the input as the float file has it."""
    if tensor.quantization is None:
        return tensor
    return msgspec.structs.replace(tensor, dtype="float32", quantization=None)


def _layers(pairs: Sequence[Pair], meter: LayerMeter, kept_float: Sequence[str]) -> Iterator[LayerError]:
    for pair, ratio_db in zip(pairs, meter.ratios_db(), strict=True):
        if ratio_db is not None:
            exact = math.isinf(ratio_db)
            yield LayerError(
                name=pair.name,
                kind=pair.kind,
                sqnr_db=None if exact else round(ratio_db, 2),
                kept_float=pair.name in kept_float,
            )

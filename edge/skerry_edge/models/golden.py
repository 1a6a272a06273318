"""The golden input of a bundle as a variant takes it, and a variant held against its golden outputs."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skerry_edge.audio.golden import golden_recording, heard
from skerry_edge.audio.network import StreamingNetwork
from skerry_edge.backends.base import Array, BackendOptions
from skerry_edge.backends.variants import open_variant
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import AudioInput, ImageInput, Tensor, TensorInput, Variant
from skerry_edge.vision.images import decode_image
from skerry_edge.vision.normalise import stored
from skerry_edge.vision.preprocess import Preprocessor

NEEDED_DB = {"fp32": 60.0, "fp16": 40.0}
"""How alike a file's outputs must be on two processors: float kernels add up in another order."""
NEEDED_INTEGER_DB = 20.0
"""Integer kernels round differently from one processor to the next, and saturate on some; a wrong file is below 6."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GoldenCheck:
    """One variant's outputs here against those of when it was made; the SQNR is infinite where nothing differs."""

    variant: str
    backend: str
    sqnr_db: float
    needed_db: float

    @property
    def passed(self) -> bool:
        """Whether the variant computes here what it computed then."""
        return self.sqnr_db >= self.needed_db


def common_axes(values: NDArray[Any], layout: str) -> NDArray[Any]:
    """Return values of ``layout`` with their axes in alphabetical order, as a golden array is kept for all variants."""
    return np.transpose(values, [layout.index(axis) for axis in sorted(layout)])


def golden_tensor(described: ImageInput | AudioInput | TensorInput, data: bytes, tensor: Tensor) -> Array:
    """Return the golden input as ``tensor`` takes it: a picture prepared as a device does, an array stored.

    Raises BundleError for an array of another shape.
    """
    if isinstance(described, ImageInput):
        prepared, _ = Preprocessor(described, tensor).run(decode_image(data, where="the golden input"))
        return prepared
    values = _array(data, "the golden input")
    order = sorted(tensor.layout)
    moved = np.transpose(values, [order.index(axis) for axis in tensor.layout]) if values.ndim == len(order) else values
    if moved.shape != tensor.shape:
        raise BundleError("the golden input does not fit", found=f"{moved.shape}, expected {tensor.shape}")
    return np.ascontiguousarray(stored(moved.astype(np.float64), tensor))


def check_golden(bundle: Bundle, name: str, backend: str) -> GoldenCheck:
    """Run a variant on the golden input. Raises BundleError where the bundle has no golden outputs of it, BackendError.

    What opening it raises, too.
    """
    golden = bundle.manifest.golden
    variant = bundle.variant(name)
    if golden is None or name not in golden.outputs:
        raise BundleError(f"the bundle has no golden outputs of '{name}'", where=str(bundle.path))
    recording = golden_recording(bundle)
    with closing(open_variant(bundle, name, backend, BackendOptions())) as loaded:
        if recording is None:
            data = bundle.read(golden.input)
            outputs = loaded.infer((golden_tensor(bundle.manifest.input, data, variant.inputs[0]),))
        else:
            outputs = (heard(StreamingNetwork(loaded, f"{bundle.path}, variant {name}"), recording),)
    wanted = [_array(bundle.read(one), one.file) for one in golden.outputs[name]]
    return GoldenCheck(
        variant=name,
        backend=backend,
        sqnr_db=_sqnr_db(wanted, outputs, variant),
        needed_db=NEEDED_DB.get(variant.precision, NEEDED_INTEGER_DB),
    )


def _array(data: bytes, where: str) -> NDArray[Any]:
    try:
        values: NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise BundleError("a golden array cannot be read", where=where, found=str(error)[:200]) from error
    return values


def _sqnr_db(wanted: Sequence[Array], outputs: Sequence[Array], variant: Variant) -> float:
    """Return the lowest SQNR of the outputs, 10 log10 of the sum of squares over that of the differences."""
    ratios = []
    for want, got, tensor in zip(wanted, outputs, variant.outputs, strict=True):
        if want.shape != got.shape or not np.isfinite(got).all():
            return -math.inf
        zero_point = tensor.quantization.zero_point if tensor.quantization else 0
        signal = float(np.square(want.astype(np.float64) - zero_point).sum())
        noise = float(np.square(got.astype(np.float64) - want).sum())
        ratios.append(math.inf if noise == 0 else 10 * math.log10(signal / noise) if signal else -math.inf)
    return min(ratios, default=math.inf)

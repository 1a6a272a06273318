"""Types and axes of tensors that come without names for them, and where axes went when a converter moved them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from skerry_edge.contracts.manifest import DType, Tensor
from skerry_edge.foundation.errors import ConfigError, DataError


def layout_of(shape: Sequence[int], *, channels_last: bool) -> str:
    """Name the axes of a tensor by its rank: four are a picture's, others have no names but digits."""
    if len(shape) == 4:
        return "NHWC" if channels_last else "NCHW"
    if len(shape) == 2:
        return "NC"
    return "N123456789"[: len(shape)]


def picture_layout(shape: Sequence[int], *, channels_last: bool) -> str:
    """Name the axes of an input; one of 1 or 3 channels that is surely of the other kind is told from its shape."""
    if len(shape) == 4 and (shape[1] in (1, 3)) != (shape[3] in (1, 3)):
        return "NHWC" if shape[3] in (1, 3) else "NCHW"
    return layout_of(shape, channels_last=channels_last)


def dtype_of(name: str, where: str) -> DType:
    """Return NumPy's name of a type as the manifest's. Raises ConfigError for one that no device takes."""
    for known in get_args(DType):
        if name == known:
            dtype: DType = known
            return dtype
    raise ConfigError("a tensor's type is not supported", where=where, found=name)


def moved_input(tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return an input as it is in a file whose converter most likely made its channels the last axis.

    Raises DataError where no such move gives ``shape``.
    """
    return _moved(tensor, shape, (_channels_last(tensor), _unmoved(tensor)))


def moved_output(tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return an output as it is in a file whose converter most likely left it alone. Raises as `moved_input`."""
    return _moved(tensor, shape, (_unmoved(tensor), _channels_last(tensor)))


def _channels_last(tensor: Tensor) -> tuple[int, ...]:
    return (0, *range(2, len(tensor.shape)), 1) if len(tensor.shape) > 2 else _unmoved(tensor)


def _unmoved(tensor: Tensor) -> tuple[int, ...]:
    return tuple(range(len(tensor.shape)))


def _moved(tensor: Tensor, shape: tuple[int, ...], orders: tuple[tuple[int, ...], ...]) -> Tensor:
    for order in orders:
        if tuple(tensor.shape[axis] for axis in order) == shape:
            layout = "".join(tensor.layout[axis] for axis in order)
            return Tensor(name=tensor.name, shape=shape, layout=layout, dtype=tensor.dtype)
    raise DataError(
        "a converted file has a tensor of another shape than its source",
        where=f"tensor '{tensor.name}'",
        found=f"{shape}, from {tensor.shape} ({tensor.layout})",
    )

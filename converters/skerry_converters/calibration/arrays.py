"""NPZ arrays as calibration data: inputs that somebody else has preprocessed, held against what the network expects."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skerry_converters.calibration.feeds import ModelInput
from skerry_converters.calibration.items import CalibrationError, Item, Progress, Sample, rank
from skerry_converters.calibration.npz import NpzFile
from skerry_edge.contracts.manifest import ImageInput, Tensor
from skerry_edge.foundation.file_hash import file_sha256
from skerry_edge.vision.normalise import channel_values

LAYOUT_KEY, COLOUR_KEY = "layout", "colour"
"""Arrays of one text each, by which a file may say how its axes lie (`NCHW`) and its colours follow (`rgb`)."""
_SLACK = 0.01
"""A share of the expected range: resizing with cubic filters overshoots, and rounding does."""
_SMALLEST_SPAN = 0.05
"""Values that reach over less of the expected range are on another scale, such as 0..1 for 0..255."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ValueRange:
    """What a network's input values may lie between."""

    low: float
    high: float

    @property
    def span(self) -> float:
        """How far apart the ends are."""
        return self.high - self.low


class ArraySource:
    """One array of a NPZ file: that with the tensor's name, or the only one; its rows are inputs without batch axis.

    Raises CalibrationError for another shape, layout, colour order or type than the network's input tensor has.
    """

    kind = "arrays"

    def __init__(self, path: Path, model_input: ModelInput, tensor: Tensor) -> None:
        self._file = NpzFile(path)
        self._where = str(path)
        self._name = self._find(tensor.name)
        self._expected = value_range(model_input) if isinstance(model_input, ImageInput) else None
        self._check_said(LAYOUT_KEY, tensor.layout)
        if isinstance(model_input, ImageInput):
            self._check_said(COLOUR_KEY, model_input.colour)
        self._check_array(tensor)

    def survey(self, limit: int, seed: int, progress: Progress) -> tuple[tuple[Item, ...], int]:
        """Read every row once. Raises CalibrationError for values that the network is never given."""
        count = self._file.arrays[self._name].shape[0]
        chosen = set(heapq.nsmallest(limit, range(count), key=lambda row: rank(seed, str(row))))
        digest = file_sha256(self._file.path)
        items, low, high = [], np.inf, -np.inf
        for index, row in enumerate(self._file.rows(self._name)):
            progress(index, count)
            row_low, row_high = self._bounds(row, index)
            low, high = min(low, row_low), max(high, row_high)
            if index in chosen:
                content = hashlib.sha256(row.tobytes()).hexdigest()
                items.append(Item(name=Path(self._where).name, index=index, file_sha256=digest, content_sha256=content))
        self._check_span(low, high)
        return tuple(items), count

    def read(self, items: Sequence[Item]) -> Iterator[Sample]:
        """Yield the rows as float32."""
        wanted = {item.index: item for item in items}
        for index, row in enumerate(self._file.rows(self._name)):
            item = wanted.pop(index, None)
            if item is not None:
                yield Sample(item=item, value=row.astype(np.float32))
            if not wanted:
                return

    def _find(self, wanted: str) -> str:
        names = [name for name in self._file.arrays if name not in (LAYOUT_KEY, COLOUR_KEY)]
        if wanted in names:
            return wanted
        if len(names) != 1:
            raise CalibrationError(
                f"no array is named as the network's input, '{wanted}'",
                where=self._where,
                found=", ".join(names) or "none",
                todo=f"save the inputs as '{wanted}', or as the only array",
            )
        return names[0]

    def _check_said(self, key: str, wanted: str) -> None:
        said = self._file.text(key)
        if said is not None and said.lower() != wanted.lower():
            raise CalibrationError(
                f"the arrays have another {key} than the network", where=self._where, found=f"{said}, expected {wanted}"
            )

    def _check_array(self, tensor: Tensor) -> None:
        info = self._file.arrays[self._name]
        wanted = tensor.shape[1:]
        if info.shape[1:] != wanted or len(info.shape) < 2:
            turned = len(wanted) == len(info.shape) - 1 and sorted(info.shape[1:]) == sorted(wanted)
            raise CalibrationError(
                "the array's rows have another shape than the network's input",
                where=f"{self._where}, array '{self._name}'",
                found=f"{info.shape}, expected (rows, {', '.join(str(size) for size in wanted)})",
                todo=f"move the axes to {tensor.layout}" if turned else "preprocess them for this network",
            )
        if info.shape[0] == 0:
            raise CalibrationError("the array has no rows", where=f"{self._where}, array '{self._name}'")
        if info.dtype.kind != "f":
            raise CalibrationError(
                "the array is not of real numbers",
                where=f"{self._where}, array '{self._name}'",
                found=str(info.dtype),
                todo="give the values that the float network is given, as float32",
            )

    def _bounds(self, row: NDArray[np.floating], index: int) -> tuple[float, float]:
        low, high = float(row.min()), float(row.max())
        if not np.isfinite([low, high]).all():
            raise CalibrationError("a row holds values that are not finite", where=f"{self._where}#{index}")
        expected = self._expected
        if expected and (low < expected.low - _SLACK * expected.span or high > expected.high + _SLACK * expected.span):
            raise CalibrationError(
                "a row holds values that the network is never given",
                where=f"{self._where}#{index}",
                found=f"{low:g} to {high:g}, expected {expected.low:g} to {expected.high:g}",
                todo="scale them as the model's manifest says",
            )
        return low, high

    def _check_span(self, low: float, high: float) -> None:
        expected = self._expected
        if expected and high - low < _SMALLEST_SPAN * expected.span:
            raise CalibrationError(
                "all values lie close together: they are on another scale, or the pictures show nothing",
                where=self._where,
                found=f"{low:g} to {high:g}, expected {expected.low:g} to {expected.high:g}",
                todo="scale them as the model's manifest says",
            )


def value_range(image: ImageInput) -> ValueRange:
    """Return the values between which every input made from a picture lies, over all channels."""
    ends = channel_values(image, np.array([0.0, 1.0]))
    return ValueRange(low=float(ends.min()), high=float(ends.max()))

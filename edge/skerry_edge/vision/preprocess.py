"""Frames to a network's input tensor: resized, placed, normalised and quantized into one preallocated buffer."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from skerry_edge.backends.base import Array
from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import ImageInput, Tensor
from skerry_edge.vision.errors import ImageError
from skerry_edge.vision.geometry import Geometry, Size, letterboxed, stretched
from skerry_edge.vision.normalise import (
    FLOATS,
    FloatNormaliser,
    Normaliser,
    TableNormaliser,
    channel_values,
    stored,
)
from skerry_edge.vision.resample import (
    WIDE_FULL_SCALE,
    WIDE_PIXELS,
    CornerSampler,
    HalfPixelSampler,
    Sampler,
    WideCornerSampler,
)

LAYOUTS = ("NCHW", "NHWC")
_FROM_BGR = {"rgb": cv2.COLOR_BGR2RGB, "grey": cv2.COLOR_BGR2GRAY}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plan:
    """What is worked out once for frames of one size."""

    geometry: Geometry
    sampler: Sampler
    normaliser: Normaliser
    region: Array


class Preprocessor:
    """Makes the tensor that a manifest describes from uint8 BGR frames of any size. Not thread-safe.

    Raises BundleError for a tensor that no picture fits: another layout than NCHW or NHWC, a batch of more than one, a
    size that differs from the manifest's.
    """

    def __init__(self, spec: ImageInput, tensor: Tensor) -> None:
        self._spec = spec
        self._described = tensor
        self._network = Size(spec.width, spec.height)
        self._planar = tensor.layout == "NCHW"
        self._tensor = np.empty(_checked_shape(spec, tensor), np.dtype(tensor.dtype))
        self._pad = stored(channel_values(spec, np.array(spec.pad)), tensor)
        self._plan: _Plan | None = None

    def run(self, frame: Array) -> tuple[Array, Geometry]:
        """Return the input tensor for ``frame``, uint8 (height, width, 3) BGR, and where the frame lies in it.

        The tensor is this object's own and is overwritten by the next call. Raises ImageError.
        """
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or frame.size == 0:
            found = f"{frame.dtype} {frame.shape}, expected uint8 (height, width, 3)"
            raise ImageError("the frame is no colour picture", found=found)
        source = Size(frame.shape[1], frame.shape[0])
        plan = self._plan
        if plan is None or plan.geometry.source != source:
            plan = self._plan = self._plan_for(source)
        self._write(plan.sampler.sample(frame), plan)
        return self._tensor, plan.geometry

    def _plan_for(self, source: Size) -> _Plan:
        spec, tensor = self._spec, self._described
        place = letterboxed if spec.resize == "letterbox" else stretched
        geometry = place(source, self._network)
        # An integer tensor holds no more than the 8 bits of a pixel, so only a float one gains from wide sampling.
        wide = tensor.dtype in FLOATS and spec.sampling == "corners" and source.width * source.height <= WIDE_PIXELS
        normaliser: Normaliser
        if tensor.dtype in FLOATS:
            normaliser = FloatNormaliser(spec, WIDE_FULL_SCALE if wide else 255)
        else:
            normaliser = TableNormaliser(spec, tensor)
        return _Plan(
            geometry=geometry,
            sampler=_sampler(spec, geometry, wide=wide),
            normaliser=normaliser,
            region=self._padded_region(geometry),
        )

    def _padded_region(self, geometry: Geometry) -> Array:
        """Fill the tensor with the letterbox's grey and return the part of it that the picture will cover."""
        width, height = geometry.picture
        left, top = geometry.corner
        planes = self._tensor[0] if self._planar else self._tensor[0].transpose(2, 0, 1)
        planes[:] = self._pad[:, np.newaxis, np.newaxis]
        region: Array = planes[:, top : top + height, left : left + width]
        return region if self._planar else region.transpose(1, 2, 0)

    def _write(self, picture: Array, plan: _Plan) -> None:
        colour = self._spec.colour
        if not self._planar or colour == "grey":
            converted = picture if colour == "bgr" else cv2.cvtColor(picture, _FROM_BGR[colour])
            picture = converted.reshape(*converted.shape[:2], -1)
        if not self._planar:
            plan.normaliser.write_interleaved(picture, plan.region)
            return
        planes = list(cv2.split(picture))
        plan.normaliser.write(planes[::-1] if colour == "rgb" else planes, plan.region)


def _sampler(spec: ImageInput, geometry: Geometry, *, wide: bool) -> Sampler:
    if spec.sampling == "half-pixel":
        return HalfPixelSampler(geometry.picture)
    kind = WideCornerSampler if wide else CornerSampler
    return kind(geometry.source, geometry.picture)


def _checked_shape(spec: ImageInput, tensor: Tensor) -> tuple[int, ...]:
    channels = 1 if spec.colour == "grey" else 3
    sizes = {"N": 1, "C": channels, "H": spec.height, "W": spec.width}
    if tensor.layout not in LAYOUTS:
        raise BundleError(
            "the layout of an image input is NCHW or NHWC", where=f"tensor '{tensor.name}'", found=f"'{tensor.layout}'"
        )
    expected = tuple(sizes[axis] for axis in tensor.layout)
    if tensor.shape != expected:
        raise BundleError(
            "the input tensor has no room for the picture that the manifest describes",
            where=f"tensor '{tensor.name}'",
            found=f"{tensor.shape}, expected {expected} ({tensor.layout})",
        )
    return expected

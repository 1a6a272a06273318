"""Frames to a network's input tensor: resized, placed, normalised and quantized into one preallocated buffer."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

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

LAYOUTS = ("NCHW", "NHWC")
_WIDEN = np.uint16(257)
"""Stretches 0..255 to 0..65535, so that interpolating corner-aligned keeps what Darknet's floats keep (to 8e-6)."""

_FROM_BGR = {"rgb": cv2.COLOR_BGR2RGB, "grey": cv2.COLOR_BGR2GRAY}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plan:
    """What is worked out once for frames of one size."""

    geometry: Geometry
    picture: Array
    region: Array
    widened: NDArray[np.uint16] | None
    matrix: NDArray[np.float64]


class Preprocessor:
    """Makes the tensor that a manifest describes from uint8 BGR frames of any size. Not thread-safe.

    Raises BundleError for a tensor that no picture fits: another layout than NCHW or NHWC, a batch of more than one, a
    size that differs from the manifest's.
    """

    def __init__(self, spec: ImageInput, tensor: Tensor) -> None:
        self._spec = spec
        self._network = Size(spec.width, spec.height)
        self._planar = tensor.layout == "NCHW"
        self._tensor = np.empty(_checked_shape(spec, tensor), np.dtype(tensor.dtype))
        self._pad = stored(channel_values(spec, np.array(spec.pad)), tensor)
        # An integer tensor holds no more than the 8 bits of a pixel, so only a float one gains from wide sampling.
        self._wide = spec.sampling == "corners" and tensor.dtype in FLOATS
        self._normaliser = _normaliser(spec, tensor, full_scale=65535 if self._wide else 255)
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
        self._write(self._sampled(frame, plan), plan.region)
        return self._tensor, plan.geometry

    def _plan_for(self, source: Size) -> _Plan:
        place = letterboxed if self._spec.resize == "letterbox" else stretched
        geometry = place(source, self._network)
        width, height = geometry.picture
        left, top = geometry.corner
        planes = self._tensor[0] if self._planar else self._tensor[0].transpose(2, 0, 1)
        planes[:] = self._pad[:, np.newaxis, np.newaxis]
        region = planes[:, top : top + height, left : left + width]
        return _Plan(
            geometry=geometry,
            picture=np.empty((height, width, 3), np.uint16 if self._wide else np.uint8),
            region=region if self._planar else region.transpose(1, 2, 0),
            widened=np.empty((source.height, source.width, 3), np.uint16) if self._wide else None,
            matrix=_corner_matrix(source, geometry.picture),
        )

    def _sampled(self, frame: Array, plan: _Plan) -> Array:
        size = plan.geometry.picture
        if self._spec.sampling == "half-pixel":
            return cv2.resize(frame, size, dst=plan.picture, interpolation=cv2.INTER_LINEAR)
        if plan.widened is not None:
            frame = np.multiply(frame, _WIDEN, out=plan.widened)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(frame, plan.matrix, size, dst=plan.picture, flags=flags, borderMode=cv2.BORDER_REPLICATE)

    def _write(self, picture: Array, region: Array) -> None:
        colour = self._spec.colour
        if not self._planar or colour == "grey":
            converted = picture if colour == "bgr" else cv2.cvtColor(picture, _FROM_BGR[colour])
            picture = converted.reshape(*converted.shape[:2], -1)
        if not self._planar:
            self._normaliser.write_interleaved(picture, region)
            return
        planes = list(cv2.split(picture))
        self._normaliser.write(planes[::-1] if colour == "rgb" else planes, region)


def _normaliser(spec: ImageInput, tensor: Tensor, *, full_scale: int) -> Normaliser:
    return FloatNormaliser(spec, full_scale) if tensor.dtype in FLOATS else TableNormaliser(spec, tensor)


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


def _corner_matrix(source: Size, picture: Size) -> NDArray[np.float64]:
    """Return the map from a pixel of the resized picture to the source's, as Darknet's `resize_image` has it."""
    x_step, y_step = ((whole - 1) / max(part - 1, 1) for whole, part in zip(source, picture, strict=True))
    return np.array([[x_step, 0.0, 0.0], [0.0, y_step, 0.0]])

"""Inputs made from a seed, for a conversion without any data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from skerry_converters.calibration.feeds import ArrayFeed, ModelInput, PictureFeed
from skerry_converters.gates.held_out import Case
from skerry_converters.gates.report import HeldOutFacts
from skerry_edge.contracts.manifest import ImageInput, Tensor
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.vision.images import Pixels

_COARSE = 7
_FINE = 33
_PLAIN_INTEGERS = 10
"""Integers that stand for themselves are indices, and every table has this many entries."""


class MadeInputs:
    """Pictures of soft patches of colour, or noise: held out for certain, and like nothing that a network was made for.

    They show that a file computes what its source computes, and little about what it loses on real data.
    """

    def __init__(self, model_input: ModelInput, tensors: Sequence[Tensor], *, count: int, seed: int) -> None:
        """Take the source's own input tensors, which those of every variant equal up to the order of axes."""
        self._image = model_input if isinstance(model_input, ImageInput) and len(tensors) == 1 else None
        self._source = tuple(tensors)
        self._count = count
        self._seed = seed
        self.facts = HeldOutFacts(origin="made", kind="pictures" if self._image else "inputs of noise", samples=count)

    def __len__(self) -> int:
        """Return the number of inputs."""
        return self._count

    def cases(self, tensors: Sequence[Tensor]) -> Iterator[Case]:
        """Yield the inputs. Raises ConfigError for tensors of another number or other shapes."""
        if len(tensors) != len(self._source):
            raise ConfigError(
                "the variant has another number of inputs than the source",
                found=f"{len(tensors)}, expected {len(self._source)}",
            )
        for number in range(self._count):
            random = np.random.default_rng((self._seed, number))
            name = f"made {number}"
            if self._image is not None:
                pixels = _patches(random, self._image.width, self._image.height)
                fed = PictureFeed(self._image, tensors[0])(pixels)
                yield Case(name=name, tensors=(fed.tensor,), geometry=fed.geometry, pixels=pixels)
            else:
                pairs = zip(self._source, tensors, strict=True)
                noise = tuple(ArrayFeed(own, wanted)(_noise(own, random)).tensor for own, wanted in pairs)
                yield Case(name=name, tensors=noise)


def _patches(random: np.random.Generator, width: int, height: int) -> Pixels:
    coarse, fine = (
        cv2.resize(random.integers(0, 256, (side, side, 3)).astype(np.uint8), (width, height), interpolation=mode)
        for side, mode in ((_COARSE, cv2.INTER_CUBIC), (_FINE, cv2.INTER_NEAREST))
    )
    return np.asarray(cv2.addWeighted(coarse, 0.75, fine, 0.25, 0), np.uint8)


def _noise(tensor: Tensor, random: np.random.Generator) -> NDArray[np.float64]:
    """Return real values without the batch axis: standard normal ones, or what the integers can stand for."""
    shape = tensor.shape[1:]
    if tensor.dtype.startswith("float"):
        return random.standard_normal(shape)
    if tensor.quantization is None:
        return random.integers(0, _PLAIN_INTEGERS, shape).astype(np.float64)
    limits = np.iinfo(tensor.dtype)
    steps = random.uniform(limits.min, limits.max, shape) - tensor.quantization.zero_point
    return steps * tensor.quantization.scale

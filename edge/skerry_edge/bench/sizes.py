"""Objects by their size: ranges of pixels, and what of a picture belongs to one of them."""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skerry_edge.bench.ground_truth import GroundTruth
from skerry_edge.bench.matching import NO_OBJECT, PictureMatch, chosen
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.vision.detections import Detections

MAX_RANGES = 20
_EDGE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?")
_RANGE = re.compile(rf"(?P<low>{_EDGE.pattern})-(?P<high>{_EDGE.pattern})?")


@dataclass(frozen=True, kw_only=True, slots=True)
class SizeRange:
    """Sizes from ``low_px`` to just below ``high_px``; an object's size is the root of its box's area, in pixels."""

    low_px: float
    high_px: float = math.inf

    def __str__(self) -> str:
        """Return the range in words."""
        if self.high_px == math.inf:
            return f"{self.low_px:g} px and more"
        return f"{self.low_px:g} to {self.high_px:g} px" if self.low_px else f"under {self.high_px:g} px"

    def holds(self, boxes_px: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Tell which boxes (n, 4) are of such a size; shape (n,)."""
        sides = np.maximum(boxes_px[:, 2:] - boxes_px[:, :2], 0.0).astype(np.float64)
        sizes_px = np.sqrt(sides.prod(axis=1))
        held: NDArray[np.bool_] = (sizes_px >= self.low_px) & (sizes_px < self.high_px)
        return held


def parse_sizes(text: str) -> tuple[SizeRange, ...]:
    """Read edges and ranges with commas between: `28,48` is under 28, 28 to 48, 48 and more; `28-` and `28-96` add one.

    Raises ConfigError for what is neither, for edges that do not rise, and for too many.
    """
    words = [word.strip() for word in text.split(",")]
    edges = [float(word) for word in words if _EDGE.fullmatch(word)]
    extra = [_range(word) for word in words if not _EDGE.fullmatch(word)]
    if edges != sorted(set(edges)) or 0.0 in edges:
        raise ConfigError("the edges of sizes must rise from above 0", where="--sizes", found=f"'{text}'")
    lows = [0.0, *edges] if edges else []
    ranges = [SizeRange(low_px=low, high_px=high) for low, high in zip(lows, [*edges, math.inf], strict=False)]
    if len(ranges) + len(extra) > MAX_RANGES:
        raise ConfigError(f"there can be at most {MAX_RANGES} ranges of sizes", where="--sizes", found=f"'{text}'")
    return tuple(dict.fromkeys((*ranges, *extra)))


def of_size(
    size: SizeRange, detections: Detections, truth: GroundTruth, match: PictureMatch
) -> tuple[Detections, GroundTruth]:
    """Return what one picture says about objects of a size; ``match`` is that of all its detections.

    As in COCO, objects of other sizes count neither as found nor as missed, and a detection that falls on no object
    counts where its own size is in the range.
    """
    kept = size.holds(detections.boxes_px) | (match.objects != NO_OBJECT)
    others = ~size.holds(truth.boxes_px)
    return chosen(detections, kept), dataclasses.replace(truth, difficult=truth.difficult | others)


def _range(word: str) -> SizeRange:
    match = _RANGE.fullmatch(word)
    if match is None:
        raise ConfigError(
            "a size is a number of pixels, or a range of them",
            where="--sizes",
            found=f"'{word}'",
            todo="write edges such as 28,48,96 or ranges such as 28-96 and 28-",
        )
    low, high = float(match["low"]), float(match["high"] or math.inf)
    if low >= high:
        raise ConfigError("a range of sizes ends where it begins", where="--sizes", found=f"'{word}'")
    return SizeRange(low_px=low, high_px=high)

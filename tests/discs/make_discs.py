"""Make `discs.skerry`, the detector that tests run: a tiny network whose weights are set by formula, without training.

It finds compact blobs of strong red and of strong blue. How, on an input of 96x96:

1. a 1x1 convolution with relu6 marks the pixels in which one colour outweighs the other two together;
2. a 4x4 convolution of stride 4 averages each mark over the 24x24 cells;
3. a 13x13 convolution measures from each cell how far its colour reaches left, right, up and down, in pixels;
4. a 1x1 convolution with relu turns these into hinges, the pieces of piecewise linear functions;
5. a 1x1 convolution adds the hinges up to what Darknet's region layer expects, with one anchor for each colour: the
   centre's logit, the logarithm of the size, and an objectness that falls where the cell is not the blob's middle,
   where the blob is too small or too large, or where the cell is not covered.

Usage: make_discs.py [OUT.skerry]
"""

from __future__ import annotations

import itertools
import math
import struct
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skerry_converters.conversion.identity import Identity
from skerry_converters.conversion.job import Order, convert_source
from skerry_converters.conversion.progress import Silence
from skerry_converters.darknet.source import load_darknet
from skerry_converters.families.registry import choose_targets, parse_targets
from skerry_converters.model import Thresholds
from skerry_converters.sources.darknet import DarknetSource

OUT = Path(__file__).with_name("discs.skerry")
LABELS = ("red disc", "blue disc")
CELL_PX = 4
REACH = 6
"""Cells that are looked at on each side of a cell."""
ANCHOR_CELLS = 5.0

CONTRAST_NONE, CONTRAST_FULL = 0.25, 0.40
"""Red minus green minus blue, of full scale, at which a pixel is not marked at all, and at which it is fully."""

CENTRE_KNOTS_PX = (0.0, 1.0, 1.5, 1.9)
SIZE_KNOTS_PX = (8.0, 11.0, 15.0, 20.0, 27.0, 36.0, 48.0)
SMALLEST_PX, LARGEST_PX = 10.0, 44.0

OBJECTNESS = 6.0
CLASS_LOGIT = 6.0
OFF_CENTRE_PER_PX = 4.0
WRONG_SIZE_PER_PX = 2.0
UNCOVERED = 12.0

CFG = """\
# discs: weights set by formula, no training. See tests/discs/make_discs.py.
[net]
width=96
height=96
channels=3

[convolutional]
filters=2
size=1
activation=relu6

[convolutional]
filters=2
groups=2
size=4
stride=4
activation=linear

[convolutional]
filters={reaches}
groups=2
size={window}
pad=1
activation=linear

[convolutional]
filters={hinges}
groups=2
size=1
activation=relu

[convolutional]
filters=14
groups=2
size=1
activation=linear

[region]
anchors={anchor},{anchor}, {anchor},{anchor}
classes=2
coords=4
num=2
softmax=1
"""

Floats = NDArray[np.float64]
Curve = list[tuple[float, float]]
"""Points (x, y) of a piecewise linear function, with x rising."""

LEFT, RIGHT, UP, DOWN, COVER = range(5)


class Hinges:
    """One colour's hinges max(0, weights · reaches + bias), and how the region layer's seven values add them up."""

    def __init__(self) -> None:
        self.weights: list[Floats] = []
        self.biases: list[float] = []
        self.sums: list[Floats] = []
        self.offsets = np.zeros(7)

    def add(self, measure: Floats, knot: float, target: int, slope: float) -> None:
        """Add ``slope * max(0, measure · reaches - knot)`` to a value."""
        self.weights.append(measure)
        self.biases.append(-knot)
        row = np.zeros(7)
        row[target] = slope
        self.sums.append(row)

    def add_curve(self, measure: Floats, curve: Curve, target: int) -> None:
        """Add a piecewise linear function of a measure, from its first point on."""
        before = 0.0
        for (x, y), (next_x, next_y) in itertools.pairwise(curve):
            slope = (next_y - y) / (next_x - x)
            self.add(measure, x, target, slope - before)
            before = slope


def measures() -> dict[str, Floats]:
    """Return what is read off the reaches: offset of the blob's middle and its size, in pixels, and the cover."""
    unit = np.eye(5)
    return {
        "x": (unit[RIGHT] - unit[LEFT]) / 2,
        "y": (unit[DOWN] - unit[UP]) / 2,
        "width": unit[LEFT] + unit[RIGHT] + CELL_PX * unit[COVER],
        "height": unit[UP] + unit[DOWN] + CELL_PX * unit[COVER],
        "cover": unit[COVER],
    }


def colour_hinges(own_class: int) -> Hinges:
    """Return the hinges of the anchor that stands for one class."""
    hinges = Hinges()
    measure = measures()
    for target, (offset, size) in enumerate((("x", "width"), ("y", "height"))):
        add_centre(hinges, measure[offset], target)
        add_size(hinges, measure[size], target + 2)
    hinges.add(-measure["cover"], -1.0, 4, -UNCOVERED)
    hinges.offsets[4] += OBJECTNESS
    hinges.offsets[5:] = -CLASS_LOGIT
    hinges.offsets[5 + own_class] = CLASS_LOGIT
    return hinges


def add_centre(hinges: Hinges, offset: Floats, target: int) -> None:
    """Put the logit of the middle's place in its cell into ``target``, and punish a middle outside of the cell."""
    curve = [(x, logit(0.5 + x / CELL_PX)) for x in CENTRE_KNOTS_PX]
    for sign in (1.0, -1.0):
        hinges.add_curve(sign * offset, [(x, sign * y) for x, y in curve], target)
        hinges.add(sign * offset, CELL_PX / 2, 4, -OFF_CENTRE_PER_PX)


def add_size(hinges: Hinges, size: Floats, target: int) -> None:
    """Put log(diameter / anchor) into ``target``, and punish a blob that is too small or too large."""
    curve = [(mean_chord(d), math.log(d / (ANCHOR_CELLS * CELL_PX))) for d in SIZE_KNOTS_PX]
    (x, y), (next_x, next_y) = curve[:2]
    at_zero = y - x * (next_y - y) / (next_x - x)
    hinges.add_curve(size, [(0.0, at_zero), *curve[1:]], target)
    hinges.offsets[target] += at_zero
    hinges.add(-size, -SMALLEST_PX, 4, -WRONG_SIZE_PER_PX)
    hinges.add(size, LARGEST_PX, 4, -WRONG_SIZE_PER_PX)


def mean_chord(diameter: float) -> float:
    """Return how long a disc seems in a band one cell high, on average over where in the band its middle lies."""
    half = CELL_PX / 2
    rows = np.add.outer(np.linspace(-half, half, 41), np.linspace(-half, half, 41))
    return float(np.mean(np.sqrt(np.maximum(diameter**2 - 4 * rows**2, 0.0))))


def logit(share: float) -> float:
    """Return the number whose logistic is ``share``."""
    return math.log(share / (1 - share))


def marks() -> tuple[Floats, Floats]:
    """Return biases and kernels that give 0 to 6 for the pixels of either colour."""
    slope = 6 / (CONTRAST_FULL - CONTRAST_NONE)
    kernels = slope * np.array([[1.0, -1.0, -1.0], [-1.0, -1.0, 1.0]])
    return np.full(2, -slope * CONTRAST_NONE), kernels


def cover() -> tuple[Floats, Floats]:
    """Return biases and kernels that average a cell's marks to 0 to 1."""
    return np.zeros(2), np.full((2, CELL_PX, CELL_PX), 1 / (6 * CELL_PX**2))


def reaches() -> tuple[Floats, Floats]:
    """Return biases and kernels that sum up cover along the four arms of a cross, in pixels, and the cell's own."""
    window = 2 * REACH + 1
    kernels = np.zeros((5, window, window))
    kernels[LEFT, REACH, :REACH] = kernels[RIGHT, REACH, REACH + 1 :] = CELL_PX
    kernels[UP, :REACH, REACH] = kernels[DOWN, REACH + 1 :, REACH] = CELL_PX
    kernels[COVER, REACH, REACH] = 1.0
    return np.zeros(10), np.tile(kernels, (2, 1, 1))


def weights_bytes(both: tuple[Hinges, Hinges]) -> bytes:
    """Return a Darknet weights file: header of version 0.2, then each convolution's biases and kernels."""
    hinge_biases = np.concatenate([np.array(one.biases) for one in both])
    hinge_kernels = np.concatenate([np.array(one.weights) for one in both])
    sum_biases = np.concatenate([one.offsets for one in both])
    sum_kernels = np.concatenate([np.array(one.sums).T for one in both])
    blocks = (*marks(), *cover(), *reaches(), hinge_biases, hinge_kernels, sum_biases, sum_kernels)
    return struct.pack("<iiiq", 0, 2, 0, 0) + b"".join(block.astype("<f4").tobytes() for block in blocks)


def make(out: Path) -> None:
    """Write cfg, weights and labels into a temporary folder and convert them to ``out``."""
    both = colour_hinges(0), colour_hinges(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cfg, weights, labels = (folder / f"discs.{suffix}" for suffix in ("cfg", "weights", "names"))
        text = CFG.format(reaches=10, window=2 * REACH + 1, hinges=2 * len(both[0].weights), anchor=ANCHOR_CELLS)
        cfg.write_text(text)
        weights.write_bytes(weights_bytes(both))
        labels.write_text("\n".join(LABELS) + "\n")
        model = load_darknet(cfg, weights, labels, resize="stretch", thresholds=Thresholds(score=0.5))
    source = DarknetSource(model=model)
    order = Order(
        source=source,
        choice=choose_targets(parse_targets("onnx-fp32,tflite-fp32"), source.facts, calibrated=False),
        identity=Identity(name="discs", version="1.0.0", license="Apache-2.0"),
        out=out,
    )
    convert_source(order, Silence()).require_success()


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else OUT)

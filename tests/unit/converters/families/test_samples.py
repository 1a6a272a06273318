"""Calibration samples turned to the layout that a form of the source takes."""

import numpy as np
import pytest

from skerry_converters.families.base import turned
from skerry_edge.contracts.manifest import Tensor
from skerry_edge.foundation.errors import ConfigError

PLANAR = (Tensor(name="x", shape=(1, 3, 4, 5), layout="NCHW"),)
INTERLEAVED = (Tensor(name="x", shape=(1, 4, 5, 3), layout="NHWC"),)


class Samples:
    """Counts how many it has given."""

    def __init__(self, count=3, shape=(1, 3, 4, 5), dtype=np.float32):
        self.count, self.shape, self.dtype = count, shape, dtype
        self.given = 0

    def __len__(self):
        return self.count

    def __iter__(self):
        for number in range(self.count):
            self.given += 1
            yield np.arange(np.prod(self.shape)).reshape(self.shape).astype(self.dtype) + self.dtype(number)


def test_axes_are_moved_and_the_order_of_samples_kept():
    plain, moved = Samples(), turned(Samples(), PLANAR, INTERLEAVED)
    assert len(moved) == 3
    for one, other in zip(plain, moved, strict=True):
        assert np.array_equal(other, one.transpose(0, 2, 3, 1))
        assert other.flags.c_contiguous


def test_samples_can_be_gone_over_again_and_are_read_only_when_asked_for():
    samples = Samples()
    moved = turned(samples, PLANAR, PLANAR)
    next(iter(moved))
    assert samples.given == 1
    assert len(list(moved)) == len(list(moved)) == 3


@pytest.mark.parametrize(
    "samples", [Samples(shape=(1, 3, 4, 4)), Samples(shape=(1, 4, 5, 3)), Samples(dtype=np.float64)]
)
def test_samples_that_do_not_fit_are_refused(samples):
    with pytest.raises(ConfigError, match="does not fit") as caught:
        list(turned(samples, PLANAR, PLANAR))
    assert "float32 (1, 3, 4, 5)" in caught.value.found


def test_a_network_of_several_inputs_cannot_be_calibrated():
    with pytest.raises(ConfigError, match="one input"):
        turned(Samples(), (*PLANAR, *PLANAR), (*PLANAR, *PLANAR))

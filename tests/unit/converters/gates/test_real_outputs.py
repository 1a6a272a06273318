"""Outputs brought to the source's axes and scale."""

from __future__ import annotations

import numpy as np
import pytest

from skerry_converters.gates.real_outputs import OutputReader
from skerry_edge.contracts.manifest import Quantization, Tensor
from skerry_edge.foundation.errors import DataError

SOURCE = Tensor(name="head", shape=(1, 2, 3, 4), layout="NCHW")
VARIANT = Tensor(
    name="out", shape=(1, 3, 4, 2), layout="NHWC", dtype="int8", quantization=Quantization(scale=0.5, zero_point=-3)
)


def test_integers_become_the_numbers_that_they_stand_for_with_the_sources_axes() -> None:
    wanted = np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4) / 2 - 4
    stored = (wanted.transpose(0, 2, 3, 1) / 0.5 - 3).astype(np.int8)
    reader = OutputReader((SOURCE,), (VARIANT,))
    assert np.array_equal(reader.variant_values((stored,))[0], wanted)
    assert np.array_equal(reader.source_values((wanted,))[0], wanted)


def test_a_quantized_source_is_read_the_same_way() -> None:
    stored = np.arange(24, dtype=np.int8).reshape(1, 3, 4, 2)
    reader = OutputReader((VARIANT,), (VARIANT,))
    assert np.array_equal(reader.source_values((stored,))[0], (stored + 3.0) * 0.5)


def test_axes_without_names_are_taken_as_they_are() -> None:
    tensor = Tensor(name="boxes", shape=(1, 10, 4), layout="N01")
    values = np.random.default_rng(0).random((1, 10, 4))
    assert np.array_equal(OutputReader((tensor,), (tensor,)).variant_values((values,))[0], values)


@pytest.mark.parametrize(
    "outputs",
    [
        (),
        (VARIANT, VARIANT),
        (Tensor(name="out", shape=(1, 3, 3, 2), layout="NHWC"),),
        (Tensor(name="out", shape=(1, 24), layout="NC"),),
    ],
)
def test_other_outputs_than_the_sources_are_refused(outputs: tuple[Tensor, ...]) -> None:
    with pytest.raises(DataError, match="outputs"):
        OutputReader((SOURCE,), outputs)

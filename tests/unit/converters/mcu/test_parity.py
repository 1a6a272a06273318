"""Seeded inputs, and how far outputs are apart."""

from __future__ import annotations

import numpy as np
import pytest

from skerry_converters.mcu.parity import checked_inputs, compare, seeded_inputs
from skerry_converters.tflite_file.model import Quantization, Subgraph, Tensor
from skerry_edge.foundation.errors import ConfigError


def _graph(kind: str = "INT8", zero_point: int = -20) -> Subgraph:
    tensor = Tensor(
        index=0,
        name="in",
        type=kind,
        shape=(1, 6, 4),
        signature=(1, 6, 4),
        quantization=Quantization(scales=(0.1,), zero_points=(zero_point,)),
        is_variable=False,
        buffer=0,
        data=memoryview(b""),
    )
    return Subgraph(index=0, name="", tensors=(tensor,), inputs=(0,), outputs=(0,), operators=())


def test_the_same_seed_gives_the_same_inputs_and_another_others() -> None:
    (first,), (again,), (other,) = (seeded_inputs(_graph(), 8, seed) for seed in (5, 5, 6))

    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize(("kind", "dtype"), [("INT8", np.int8), ("UINT8", np.uint8), ("INT16", np.int16)])
def test_inputs_have_the_networks_type_and_grow_to_its_full_range(kind: str, dtype: type) -> None:
    (inputs,) = seeded_inputs(_graph(kind, zero_point=20), 16, 0)

    assert (inputs.dtype, inputs.shape) == (dtype, (16, 1, 6, 4))
    assert np.ptp(inputs[0].astype(int)) < np.ptp(inputs[-1].astype(int))
    assert inputs.max() == np.iinfo(dtype).max


def test_inputs_of_the_callers_own_must_fit() -> None:
    checked_inputs(_graph(), [np.zeros((3, 1, 6, 4), np.int8)], where="net")
    for wrong in (
        [],
        [np.zeros((3, 1, 6, 4), np.uint8)],
        [np.zeros((3, 6, 4), np.int8)],
        [np.zeros((0, 1, 6, 4), np.int8)],
    ):
        with pytest.raises(ConfigError, match="do not fit the network"):
            checked_inputs(_graph(), wrong, where="net")


def test_differences_are_counted_without_overflow() -> None:
    one, other = np.array([[-128], [3]], np.int8), np.array([[127], [3]], np.int8)

    found = compare([one], [other])

    assert (found.runs, found.largest_lsb, found.differing_share, found.varied) == (2, 255, 0.5, True)
    assert not found.holds


@pytest.mark.parametrize(("apart", "holds"), [(0, True), (2, True), (3, False)])
def test_two_steps_are_allowed(apart: int, holds: bool) -> None:
    assert compare([np.full((2, 1), apart, np.int8)], [np.zeros((2, 1), np.int8)]).holds is holds


def test_outputs_that_never_change_prove_little() -> None:
    assert compare([np.zeros((4, 1), np.int8)], [np.zeros((4, 1), np.int8)]).varied is False


def test_outputs_of_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="shapes"):
        compare([np.zeros((4, 1), np.int8)], [np.zeros((4, 2), np.int8)])

"""Names of axes, and where they went."""

import pytest

from skerry_converters.sources.layouts import layout_of, moved_input, moved_output, picture_layout
from skerry_edge.contracts.manifest import Tensor
from skerry_edge.foundation.errors import DataError


@pytest.mark.parametrize(
    ("shape", "channels_last", "layout"),
    [
        ((1, 3, 8, 8), True, "NCHW"),
        ((1, 8, 8, 3), False, "NHWC"),
        ((1, 16, 8, 8), True, "NHWC"),
        ((1, 16, 8, 8), False, "NCHW"),
        ((1, 3, 8, 3), False, "NCHW"),
        ((1, 49), False, "NC"),
        ((1, 84, 8400), False, "N12"),
    ],
)
def test_a_picture_is_told_by_its_channels_and_anything_else_by_its_rank(shape, channels_last, layout):
    assert picture_layout(shape, channels_last=channels_last) == layout


def tensor(*shape):
    return Tensor(name="x", shape=shape, layout=layout_of(shape, channels_last=False))


def test_an_input_whose_sides_are_equal_is_taken_as_moved_and_an_output_as_left_alone():
    assert moved_input(tensor(1, 3, 3, 3), (1, 3, 3, 3)).layout == "NHWC"
    assert moved_output(tensor(1, 3, 3, 3), (1, 3, 3, 3)).layout == "NCHW"


@pytest.mark.parametrize(
    ("shape", "made", "layout"),
    [
        ((1, 75, 10, 20), (1, 10, 20, 75), "NHWC"),
        ((1, 75, 10, 20), (1, 75, 10, 20), "NCHW"),
        ((1, 84, 100), (1, 100, 84), "N21"),
        ((1, 84, 100), (1, 84, 100), "N12"),
        ((1, 10), (1, 10), "NC"),
    ],
)
def test_axes_that_moved_keep_their_names(shape, made, layout):
    moved = moved_output(tensor(*shape), made)
    assert (moved.shape, moved.layout) == (made, layout)


def test_a_shape_that_no_move_gives_is_refused():
    with pytest.raises(DataError, match="another shape"):
        moved_output(tensor(1, 84, 100), (1, 84, 99))

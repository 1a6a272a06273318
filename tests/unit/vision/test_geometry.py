"""Letterbox arithmetic as in Darknet's C, and the way back to source pixels."""

import ctypes

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_edge.vision.geometry import Geometry, Size, letterboxed, stretched

SIDES = st.integers(1, 5000)
NETWORK_SIDES = st.sampled_from([32, 64, 320, 416, 608])


def darknet_letterbox(source: Size, network: Size) -> tuple[int, int]:
    """`letterbox_image` of image.c, statement by statement, in C's float and int."""
    w, h, im_w, im_h = network.width, network.height, source.width, source.height
    if ctypes.c_float(w / im_w).value < ctypes.c_float(h / im_h).value:
        return w, (im_h * w) // im_w
    return (im_w * h) // im_h, h


@pytest.mark.parametrize(
    ("source", "picture", "corner"),
    [
        (Size(1280, 720), Size(416, 234), (0, 91)),
        (Size(720, 1280), Size(234, 416), (91, 0)),
        (Size(416, 416), Size(416, 416), (0, 0)),
        (Size(353, 500), Size(293, 416), (61, 0)),
        (Size(1000, 1), Size(416, 1), (0, 207)),
        (Size(1, 1000), Size(1, 416), (207, 0)),
    ],
)
def test_a_letterbox_keeps_the_aspect_ratio_and_centres(source, picture, corner):
    geometry = letterboxed(source, Size(416, 416))
    assert (geometry.picture, geometry.corner) == (picture, corner)


@given(SIDES, SIDES, NETWORK_SIDES, NETWORK_SIDES)
def test_letterbox_sizes_are_those_of_darknet(width, height, network_width, network_height):
    source, network = Size(width, height), Size(network_width, network_height)
    expected = darknet_letterbox(source, network)
    assert letterboxed(source, network).picture == tuple(max(1, side) for side in expected)


@given(SIDES, SIDES, NETWORK_SIDES, NETWORK_SIDES, st.booleans(), st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_a_box_comes_back_to_where_it_was_in_the_source(width, height, network_width, network_height, stretch, shares):
    place = stretched if stretch else letterboxed
    geometry = place(Size(width, height), Size(network_width, network_height))
    box = np.array(shares) * [width, height, width, height]
    # The forward way, written out: scale to the picture, shift by the border, divide by the network's size.
    border = [(whole - part) / 2 for whole, part in zip(geometry.network, geometry.picture, strict=True)]
    scale = [part / whole for part, whole in zip(geometry.picture, geometry.source, strict=True)]
    in_network = (box * np.tile(scale, 2) + np.tile(border, 2)) / np.tile(geometry.network, 2)
    back = geometry.to_source(in_network[np.newaxis].astype(np.float32))[0]
    # Float32 shares of a network hold about 1e-7 of the picture; a thin picture in a wide network stretches that.
    tolerance_px = 1e-6 * max(
        source * network / picture
        for source, network, picture in zip(geometry.source, geometry.network, geometry.picture, strict=True)
    )
    assert back == pytest.approx(box, abs=tolerance_px)


def test_boxes_are_cut_off_at_the_edges_of_the_source():
    geometry = Geometry(source=Size(100, 50), network=Size(64, 64), picture=Size(64, 64))
    clipped = geometry.clip(np.array([[-5, -1, 120, 60], [10, 20, 30, 40]], np.float32))
    assert clipped.tolist() == [[0, 0, 100, 50], [10, 20, 30, 40]]

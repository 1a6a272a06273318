"""Shapes follow Darknet's arithmetic, and layers that do not fit are named with their cfg line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from skerry_converters.darknet.build import DarknetNetwork
from skerry_converters.layers import Shape
from skerry_converters.shapes import infer_shapes
from skerry_edge.foundation.errors import ConfigError

Build = Callable[[str], DarknetNetwork]
HEAD = "[convolutional]\nfilters=6\n[region]\nanchors=1,1\nclasses=1\n"


def conv(filters: int, size: int = 1, stride: int = 1, pad: int = 0) -> str:
    return f"[convolutional]\nfilters={filters}\nsize={size}\nstride={stride}\npad={pad}\n"


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (conv(8, 3, 1, 1), Shape(8, 24, 32)),
        (conv(8, 3, 2, 1), Shape(8, 12, 16)),
        (conv(8, 3), Shape(8, 22, 30)),
        (conv(8, 5, 3, 1), Shape(8, 8, 11)),
        ("[maxpool]\nsize=2\nstride=2\n", Shape(3, 12, 16)),
        ("[maxpool]\nsize=2\nstride=1\n", Shape(3, 24, 32)),
        ("[maxpool]\nsize=3\nstride=2\n", Shape(3, 12, 16)),
        ("[maxpool]\nsize=3\nstride=2\npadding=0\n", Shape(3, 11, 15)),
        ("[maxpool]\nsize=7\nstride=5\n", Shape(3, 5, 7)),
        ("[upsample]\n", Shape(3, 48, 64)),
        (conv(4) + "[reorg]\nstride=2\n", Shape(16, 12, 16)),
        (conv(5) + conv(4) + "[route]\nlayers=0,1\n", Shape(9, 24, 32)),
        (conv(4) + "[route]\nlayers=-1\ngroups=2\ngroup_id=1\n", Shape(2, 24, 32)),
        ("[dropout]\n", Shape(3, 24, 32)),
    ],
)
def test_a_layer_has_the_shape_that_darknet_gives_it(build: Build, layer: str, shape: Shape) -> None:
    network = build(layer + HEAD).network
    assert infer_shapes(network)[len(network.layers) - 3] == shape


@pytest.mark.parametrize(
    ("sections", "message", "line"),
    [
        (conv(4) + conv(4, 3, 2, 1) + "[route]\nlayers=-1,0\n", "layer 2 route: sizes 16x12 and 32x24 do not fit", 15),
        (conv(4) + conv(8) + "[shortcut]\nfrom=0\n", "layer 2 shortcut: shapes 32x24x8 and 32x24x4 differ", 15),
        (conv(5) + "[reorg]\nstride=2\n", "layer 1 reorg: 32x24x5 does not divide by stride 2", 10),
        ("[maxpool]\nsize=5\nstride=5\n[reorg]\nstride=2\n", "layer 1 reorg: 7x5x3 does not divide", 8),
        ("[convolutional]\nfilters=4\ngroups=2\n", "layer 0 convolution: 3 input channels do not divide into 2", 5),
        ("[convolutional]\nfilters=4\ngroups=3\n", "layer 0 convolution: 4 filters do not divide into 3", 5),
        (conv(5) + "[route]\nlayers=0\ngroups=2\n", "layer 1 route: 5 channels do not divide into 2 groups", 10),
        (conv(4, 40), "layer 0 convolution: nothing is left of an input of 32x24x3", 5),
        ("[maxpool]\nsize=2\nstride=2\npadding=2\n", "layer 0 maxpool: a padding of 2", 5),
        ("[maxpool]\nsize=40\nstride=1\npadding=3\n", "layer 0 maxpool: nothing is left", 5),
        ("[upsample]\nstride=9000\n", "layer 0 upsample: an output of 288000x216000x3 is larger", 5),
        (
            conv(7) + "[region]\nanchors=1,1\nclasses=1\n",
            "layer 1 region: 1 anchors and 1 classes need 6 channels, the layer before gives 7",
            10,
        ),
        (HEAD + "[route]\nlayers=1\n", "layer 2 route: it reads layer 1, a detection layer", 10),
        (HEAD + "[upsample]\n", "layer 2 upsample: it reads layer 1, a detection layer", 10),
    ],
)
def test_layers_that_do_not_fit_are_named_with_sizes_and_line(
    build: Build, sections: str, message: str, line: int
) -> None:
    with pytest.raises(ConfigError) as caught:
        infer_shapes(build(sections + HEAD).network)
    assert message in caught.value.what
    assert caught.value.where is not None
    assert caught.value.where.startswith(f"tiny.cfg, line {line},")


def test_a_network_without_detection_layer_is_refused(build: Build) -> None:
    with pytest.raises(ConfigError, match="no detection layer"):
        infer_shapes(build(conv(4)).network)


def test_layers_that_no_output_needs_are_not_live(build: Build) -> None:
    network = build(conv(4) + conv(5) + "[route]\nlayers=0\n" + HEAD + "[route]\nlayers=1\n" + conv(3)).network
    assert network.live_layers() == (0, 2, 3)
    assert network.outputs == (3,)

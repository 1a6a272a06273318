"""Sections become layers with Darknet's defaults, or an error that names line, option and the nearest word."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from skerry_converters.darknet.build import DarknetNetwork
from skerry_converters.layers import Convolution, MaxPool, Region, Route, Shortcut, Yolo
from skerry_edge.foundation.errors import ConfigError

Build = Callable[[str], DarknetNetwork]
CONVOLUTION = "[convolutional]\nfilters=4\nsize=3\npad=1\nactivation=linear\n"


def test_a_convolution_has_darknets_defaults(build: Build) -> None:
    (layer,) = build("[convolutional]\n").network.layers
    assert layer == Convolution(
        inputs=(-1,), filters=1, size=1, stride=1, padding=0, groups=1, batch_normalize=False, activation="logistic"
    )


def test_pad_means_half_the_size_and_wins_over_padding(build: Build) -> None:
    first, second = build("[convolutional]\nsize=5\npad=1\npadding=7\n[conv]\nsize=5\npadding=1\n").network.layers
    assert isinstance(first, Convolution)
    assert isinstance(second, Convolution)
    assert (first.padding, second.padding) == (2, 1)


def test_a_max_pool_takes_its_size_from_its_stride_and_its_padding_from_its_size(build: Build) -> None:
    first, second = build("[maxpool]\nstride=2\n[max]\nsize=3\nstride=1\npadding=0\n").network.layers
    assert first == MaxPool(inputs=(-1,), size=2, stride=2, padding=1)
    assert second == MaxPool(inputs=(0,), size=3, stride=1, padding=0)


def test_relative_and_absolute_layer_numbers_mean_the_same(build: Build) -> None:
    layers = build(
        CONVOLUTION * 3 + "[route]\nlayers=-1,0\n[route]\nlayers=-2\ngroups=2\ngroup_id=1\n[shortcut]\nfrom=-3\n"
    ).network.layers
    assert layers[3] == Route(inputs=(2, 0))
    assert layers[4] == Route(inputs=(2,), groups=2, group=1)
    assert layers[5] == Shortcut(inputs=(4, 2), activation="linear")


def test_a_yolo_layer_keeps_the_anchors_of_its_mask(build: Build) -> None:
    (layer,) = build("[yolo]\nmask=2,0\nanchors=1,2, 3,4, 5,6\nnum=3\nclasses=4\nscale_x_y=1.05\n").network.layers
    assert layer == Yolo(inputs=(-1,), classes=4, anchors_px=((5, 6), (1, 2)), scale_x_y=1.05)


def test_a_yolo_layer_without_mask_keeps_all_anchors(build: Build) -> None:
    (layer,) = build("[yolo]\nanchors=1,2, 3,4\nnum=2\n").network.layers
    assert layer == Yolo(inputs=(-1,), classes=20, anchors_px=((1, 2), (3, 4)))


def test_a_region_layer_has_no_softmax_unless_the_cfg_says_so(build: Build) -> None:
    (layer,) = build("[region]\nanchors=1,2\n").network.layers
    assert layer == Region(inputs=(-1,), classes=20, anchors=((1, 2),), softmax=False)


def test_letter_box_is_read_from_net(build: Build) -> None:
    assert build("letter_box=1\n").letter_box
    assert not build("").letter_box


def test_options_that_only_train_are_ignored_even_twice(build: Build) -> None:
    build("batch=64\nbatch=1\nlearning_rate=0.1\n[convolutional]\nstopbackward=1\n[yolo]\nanchors=1,1\njitter=.3\n")


@pytest.mark.parametrize(
    ("sections", "place", "words"),
    [
        ("[convolutionl]\n", "line 5", ["unknown section [convolutionl]", "did you mean 'convolutional'?"]),
        ("[lstm]\n", "line 5", ["the section [lstm] is not supported", "convolutional"]),
        ("[zzzzzz]\n", "line 5", ["unknown section", "known: net"]),
        ("[convolutional]\nfilter=3\n", "line 6", ["unknown option 'filter'", "did you mean 'filters'?"]),
        ("[convolutional]\nqqqqqq=3\n", "line 6", ["unknown option 'qqqqqq'", "remove the line"]),
        ("[convolutional]\nactivation=leeky\n", "line 6", ["unknown activation", "'leeky'", "did you mean 'leaky'?"]),
        ("[convolutional]\nactivation=mish\n", "line 6", ["not supported", "'mish'", "relu6"]),
        ("[convolutional]\npad=yes\n", "line 6", ["'pad' must be a whole number", "'yes'"]),
        ("[convolutional]\nfilters=0\n", "line 6", ["'filters' must be a whole number from 1", "'0'"]),
        ("[convolutional]\nstride=-1\n", "line 6", ["'stride'", "'-1'"]),
        ("[convolutional]\nsize=3.5\n", "line 6", ["'size'", "'3.5'"]),
        ("[convolutional]\nsize=99999999999999999999\n", "line 6", ["'size'"]),
        ("[convolutional]\nbatch_normalize=2\n", "line 6", ["'batch_normalize'", "from 0 to 1"]),
        ("[convolutional]\nxnor=1\n", "line 6", ["with this 'xnor' is not supported", "'1'"]),
        ("[convolutional]\nflipped=1\n", "line 6", ["'flipped' is not supported"]),
        ("[convolutional]\nshare_index=0\n", "line 6", ["'share_index' is not supported", "cannot be converted"]),
        ("[convolutional]\nfilters=3\nfilters=4\n", "line 6", ["'filters' stands again on line 7"]),
        ("[shortcut]\n", "line 5", ["needs the option 'from'"]),
        (CONVOLUTION + "[shortcut]\nfrom=-1,-1\n", "line 11", ["several layers"]),
        (CONVOLUTION + "[shortcut]\nfrom=-2\n", "line 11", ["layer 1 shortcut", "names layer -1"]),
        (CONVOLUTION + "[route]\nlayers=1\n", "line 11", ["names layer 1, which does not come before it"]),
        (CONVOLUTION + "[route]\nlayers=0,\n", "line 11", ["'layers' must be a whole number", "'0,'"]),
        ("[route]\n", "line 5", ["needs the option 'layers'"]),
        (CONVOLUTION + "[route]\nlayers=0\ngroups=2\ngroup_id=2\n", "line 13", ["'group_id'", "from 0 to 1"]),
        ("[upsample]\nstride=-2\n", "line 6", ["'stride'"]),
        ("[upsample]\nscale=2\n", "line 6", ["'scale' is not supported"]),
        ("[reorg]\nreverse=1\n", "line 6", ["'reverse' is not supported"]),
        ("[region]\n", "line 5", ["needs the option 'anchors'"]),
        ("[region]\nanchors=1,2,3\nnum=2\n", "line 6", ["3 anchor values for num=2", "give 4 values"]),
        ("[region]\nanchors=1,-2\n", "line 6", ["above 0"]),
        ("[region]\nanchors=1,inf\n", "line 6", ["'anchors' must be a number"]),
        ("[region]\ncoords=5\nanchors=1,1\n", "line 6", ["'coords' is not supported", "supported: 4"]),
        ("[region]\ntree=9k.tree\nanchors=1,1\n", "line 6", ["'tree' is not supported"]),
        ("[yolo]\nanchors=1,1\nmask=1\n", "line 7", ["'mask'", "from 0 to 0"]),
        ("[yolo]\nanchors=1,1\nnew_coords=1\n", "line 7", ["'new_coords' is not supported"]),
        ("[yolo]\nanchors=1,1\nnms_kind=diounms\n", "line 7", ["supported: default or greedynms"]),
        ("[yolo]\nanchors=1,1\nscale_x_y=0\n", "line 7", ["above 0"]),
        ("[net]\n", "line 5", ["second [net]"]),
    ],
)
def test_what_cannot_be_converted_is_named_with_file_line_and_advice(
    build: Build, sections: str, place: str, words: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        build(sections)
    assert caught.value.where is not None
    assert caught.value.where.startswith(f"tiny.cfg, {place}")
    for word in words:
        assert word in str(caught.value)

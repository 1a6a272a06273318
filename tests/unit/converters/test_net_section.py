"""The [net] section gives the input's size, and comes first."""

from __future__ import annotations

import pytest

from skerry_converters.darknet.build import build_network
from skerry_converters.darknet.cfg import parse_cfg
from skerry_converters.layers import Shape
from skerry_edge.foundation.errors import ConfigError


def test_width_and_height_become_the_input() -> None:
    built = build_network(parse_cfg("[network]\nwidth=416\nheight=224\nchannels=3\n", file="a.cfg"))
    assert built.network.input == Shape(3, 224, 416)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[convolutional]\n", "first section must be [net]"),
        ("[net]\nheight=32\nchannels=3\n", "needs the option 'width'"),
        ("[net]\nwidth=32\nheight=32\n", "needs the option 'channels'"),
        ("[net]\nwidth=32\nheight=32\nchannels=1\n", "colour pictures"),
        ("[net]\nwidth=0\nheight=32\nchannels=3\n", "from 1 to 4096"),
        ("[net]\nwidth=100000\nheight=32\nchannels=3\n", "from 1 to 4096"),
    ],
)
def test_a_net_section_without_a_usable_size_is_refused(text: str, word: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build_network(parse_cfg(text, file="a.cfg"))
    assert word in str(caught.value)

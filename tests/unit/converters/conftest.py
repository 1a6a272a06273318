"""Small Darknet networks for the converters' unit tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from skerry_converters.darknet.build import DarknetNetwork, build_network
from skerry_converters.darknet.cfg import parse_cfg

HEADER = "[net]\nwidth=32\nheight=24\nchannels=3\n"


@pytest.fixture
def build() -> Callable[[str], DarknetNetwork]:
    """Return a function that builds the network of a cfg whose [net] of 32x24 is on lines 1 to 4."""

    def built(sections: str) -> DarknetNetwork:
        return build_network(parse_cfg(HEADER + sections, file="tiny.cfg"))

    return built

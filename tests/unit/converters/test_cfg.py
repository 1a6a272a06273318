"""Darknet's cfg text becomes sections with line numbers, or one clear error."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_converters.darknet.build import build_network
from skerry_converters.darknet.cfg import MAX_BYTES, parse_cfg, read_cfg
from skerry_converters.shapes import infer_shapes
from skerry_edge.foundation.errors import ConfigError, ReachError

PIECES = st.sampled_from(
    [
        "[net]",
        "[convolutional]",
        "[maxpool]",
        "[route]",
        "[shortcut]",
        "[reorg]",
        "[upsample]",
        "[region]",
        "[yolo]",
        "width=32",
        "height=32",
        "channels=3",
        "filters=18",
        "size=3",
        "size=99999",
        "stride=2",
        "stride=0",
        "pad=1",
        "groups=2",
        "layers=-1,0",
        "layers=-1,-2,",
        "from=-2",
        "classes=1",
        "num=3",
        "mask=0,1,2",
        "mask=5",
        "anchors=1,1, 2,2, 3,3",
        "anchors=nan,1",
        "activation=leaky",
        "activation=mish",
        "=",
        "# note",
    ]
)


def test_sections_and_options_keep_their_lines() -> None:
    net, convolution = parse_cfg("# first\n[net]\nwidth = 4 1 6\n\n[conv]\r\n  filters=8 # few\n;x=1\n", file="a.cfg")
    assert (net.name, net.line, net.options["width"].value, net.options["width"].line) == ("net", 2, "416", 3)
    assert (convolution.name, convolution.line, convolution.options["filters"].value) == ("conv", 5, "8")
    assert list(convolution.options) == ["filters"]


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("", "no sections", "a.cfg"),
        ("# nothing\n", "no sections", "a.cfg"),
        ("width=3\n[net]\n", "before the first section", "a.cfg, line 1"),
        ("[net]\nwidth\n", "no 'option=value'", "a.cfg, line 2"),
        ("[net]\nwidth=\n", "no 'option=value'", "a.cfg, line 2"),
        ("[net]\n=3\n", "no 'option=value'", "a.cfg, line 2"),
        ("[net\nwidth=3\n", "not closed", "a.cfg, line 1"),
        ("[]\n", "not closed", "a.cfg, line 1"),
    ],
)
def test_text_that_is_no_cfg_is_refused_with_its_line(text: str, message: str, place: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        parse_cfg(text, file="a.cfg")
    assert caught.value.where == place


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no sections"),
        (b"[net]\n\0\1\2", "not text"),
        (b"[net]\nwidth=\xff\xfe\n", "not UTF-8"),
        (b"#" * (MAX_BYTES + 1), "too large"),
    ],
)
def test_a_file_that_is_no_cfg_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "bad.cfg"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message) as caught:
        read_cfg(path)
    assert str(path) in str(caught.value.where)


def test_a_cfg_that_is_not_there_is_a_reach_error(tmp_path: Path) -> None:
    with pytest.raises(ReachError, match="No such file"):
        read_cfg(tmp_path / "none.cfg")


def test_a_folder_is_no_cfg(tmp_path: Path) -> None:
    with pytest.raises(ReachError):
        read_cfg(tmp_path)


@given(st.text())
def test_no_text_gives_anything_but_a_network_or_a_config_error(text: str) -> None:
    with contextlib.suppress(ConfigError):
        infer_shapes(build_network(parse_cfg(text, file="any.cfg")).network)


@given(st.lists(PIECES, max_size=30))
def test_no_mixture_of_real_words_gives_anything_but_a_network_or_a_config_error(lines: list[str]) -> None:
    with contextlib.suppress(ConfigError):
        shapes = infer_shapes(build_network(parse_cfg("\n".join(lines), file="any.cfg")).network)
        assert all(min(shape) >= 1 for shape in shapes)

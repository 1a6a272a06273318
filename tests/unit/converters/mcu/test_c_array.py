"""C source of a model, as text."""

from __future__ import annotations

import re

import pytest

from skerry_converters.mcu.c_array import c_identifier, header, source
from skerry_edge.foundation.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "expected"),
    [("kws", "kws"), ("yolov2-tiny-voc", "yolov2_tiny_voc"), ("Hey Jarvis", "hey_jarvis"), ("a.b/c", "a_b_c")],
)
def test_a_name_becomes_an_identifier(name: str, expected: str) -> None:
    assert c_identifier(name) == expected


@pytest.mark.parametrize("name", ["", "8bit", "---", "日本", "x" * 64])
def test_a_name_that_cannot_be_one_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="no C identifier"):
        c_identifier(name)


def test_every_byte_stands_in_the_source_in_order() -> None:
    model = bytes(range(256)) + b"end"

    numbers = re.findall(r"0x([0-9a-f]{2})", source("net", model))

    assert bytes(int(one, 16) for one in numbers) == model
    assert "net_model_len = 259u" in source("net", model)
    assert "alignas(16)" in source("net", model)


def test_the_header_guards_itself() -> None:
    lines = header("net").splitlines()

    assert lines[:2] == ["#ifndef NET_MODEL_H_", "#define NET_MODEL_H_"]
    assert lines[-1] == "#endif"


def test_an_empty_model_is_refused() -> None:
    with pytest.raises(ConfigError, match="0 bytes"):
        source("net", b"")

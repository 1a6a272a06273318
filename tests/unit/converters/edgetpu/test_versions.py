"""Operator versions against what users' logs of the compiler show."""

from __future__ import annotations

import pytest

from skerry_converters.edgetpu.versions import _LATER_THAN_FIRST, newest_readable
from skerry_converters.tflite_file.vocabulary import BUILTIN_OPERATORS


@pytest.mark.parametrize(
    ("name", "refused"), [("CONV_2D", 6), ("TRANSPOSE_CONV", 4), ("QUANTIZE", 3), ("EXP", 2), ("FULLY_CONNECTED", 12)]
)
def test_versions_that_compiler_16_is_known_to_refuse_are_too_new(name: str, refused: int) -> None:
    assert newest_readable(name) < refused


@pytest.mark.parametrize(
    ("name", "read"), [("CONV_2D", 3), ("RESIZE_NEAREST_NEIGHBOR", 3), ("FULLY_CONNECTED", 4), ("SOFTMAX", 2)]
)
def test_versions_of_int8_networks_are_readable(name: str, read: int) -> None:
    assert newest_readable(name) >= read


def test_the_table_speaks_of_operators_that_exist() -> None:
    assert set(_LATER_THAN_FIRST) <= set(BUILTIN_OPERATORS)

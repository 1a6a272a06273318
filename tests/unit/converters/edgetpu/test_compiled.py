"""Reading off a compiled file what was mapped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from skerry_converters.edgetpu.compiled import mapped_operators
from skerry_converters.tflite_file.errors import TfliteFileError


def _chain(sketch: Callable[[], Any], names: list[str]) -> Any:
    one = sketch()
    tensor = one.tensor([1, 4])
    for name in names:
        tensor = one.add(name, [tensor], [1, 4], custom="edgetpu-custom-op" if name == "CUSTOM" else "")
    return one


def test_what_is_left_outside_the_custom_operator_is_not_mapped(sketch: Callable[[], Any]) -> None:
    original = _chain(sketch, ["RELU", "TANH", "ELU", "TANH"])
    compiled = sketch()
    left = compiled.add("CUSTOM", [compiled.tensor([1, 4])], [1, 4], custom="edgetpu-custom-op")
    while len(compiled.tensors) < 3:
        compiled.tensor([1, 4])
    left = compiled.add("ELU", [left], [1, 4])
    compiled.add("TANH", [left], [1, 4])

    assert mapped_operators(original.model(), compiled.model()) == (True, True, False, False)


def test_a_file_of_another_network_is_refused(sketch: Callable[[], Any]) -> None:
    original = _chain(sketch, ["RELU", "TANH"])
    foreign = _chain(sketch, ["CUSTOM", "ARG_MAX"])

    with pytest.raises(TfliteFileError, match=r"not of this network.*ARG_MAX"):
        mapped_operators(original.model(), foreign.model())

"""The names against those of the schema that LiteRT ships."""

from __future__ import annotations

from ai_edge_litert import schema_py_generated as schema

from skerry_converters.tflite_file.options import KINDS
from skerry_converters.tflite_file.vocabulary import BUILTIN_OPERATORS, TENSOR_TYPES, TYPE_BITS


def _names(enumeration: type) -> list[str]:
    codes = {code: name for name, code in vars(enumeration).items() if not name.startswith("_")}
    return [codes[code] for code in range(len(codes))]


def test_operators_are_named_as_in_the_schema() -> None:
    assert list(BUILTIN_OPERATORS) == _names(schema.BuiltinOperator)[: len(BUILTIN_OPERATORS)]
    assert len(BUILTIN_OPERATORS) >= 210


def test_types_are_named_as_in_the_schema() -> None:
    assert list(TENSOR_TYPES) == _names(schema.TensorType)[: len(TENSOR_TYPES)]
    assert set(TYPE_BITS) == set(TENSOR_TYPES) - {"STRING", "RESOURCE", "VARIANT"}


def test_options_are_those_of_operators_that_exist() -> None:
    unions = _names(schema.BuiltinOptions)

    assert set(KINDS) <= set(BUILTIN_OPERATORS)
    assert unions[KINDS["CONV_2D"].union] == "Conv2DOptions"
    assert unions[KINDS["VAR_HANDLE"].union] == "VarHandleOptions"

"""Rows as lines of text: what either database holds, written so that the other can take it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import JSON, BigInteger, Boolean, Column, Double, Integer, LargeBinary, String, Text, column
from sqlalchemy import table as table_clause
from sqlalchemy.sql import TableClause
from sqlalchemy.types import Float, TypeEngine

from skerry_edge.foundation.errors import DataError
from skerry_server.registry.backup.manifest import Kind

TYPES: dict[Kind, TypeEngine[Any]] = {
    "bool": Boolean(),
    "bytes": LargeBinary(),
    "float": Double(),
    "int": BigInteger(),
    # Of a column that may be empty, nothing tells JSON's null from an empty one: both are read as None.
    "json": JSON(none_as_null=True),
    "text": Text(),
}
_PYTHON: dict[Kind, tuple[type, ...]] = {
    "bool": (bool,),
    "bytes": (str,),
    "float": (float, int),
    "int": (int,),
    "json": (object,),
    "text": (str,),
}


def kind_of(one: Column[Any]) -> Kind:
    """Return how a column's values are written."""
    kinds: list[tuple[type[TypeEngine[Any]], Kind]] = [
        (Boolean, "bool"),
        (LargeBinary, "bytes"),
        (Float, "float"),
        (Integer, "int"),
        (JSON, "json"),
        (String, "text"),
    ]
    for known, kind in kinds:
        if isinstance(one.type, known):
            return kind
    raise TypeError(f"no backup can hold the type of the column '{one}'")


def encode_row(values: Sequence[Any]) -> bytes:
    """Return a row as a line of JSON; bytes become Base64."""
    return msgspec.json.encode(list(values)) + b"\n"


def row_decoder(columns: Mapping[str, Kind], *, where: str) -> Callable[[bytes], dict[str, Any]]:
    """Return a function that makes a line a row again. It raises DataError."""
    decoder = msgspec.json.Decoder(list[Any])

    def decode(line: bytes) -> dict[str, Any]:
        try:
            pairs = zip(columns.items(), decoder.decode(line), strict=True)
            return {name: _value(kind, value, name) for (name, kind), value in pairs}
        except (msgspec.MsgspecError, binascii.Error, ValueError) as error:
            raise DataError("a row of the backup cannot be read", where=where, found=str(error)) from error

    return decode


def target(name: str, columns: Mapping[str, Kind]) -> TableClause:
    """Return a table to insert into, as it was when the backup was made."""
    return table_clause(name, *(column(one, TYPES[kind]) for one, kind in columns.items()))


def _value(kind: Kind, value: Any, name: str) -> Any:  # noqa: ANN401  # whatever JSON may hold
    if value is None:
        return None
    is_so = isinstance(value, _PYTHON[kind]) and (kind in ("bool", "json") or not isinstance(value, bool))
    if not is_so:
        raise ValueError(f"the column '{name}' holds no {kind}")
    return base64.b64decode(value, validate=True) if kind == "bytes" else value

"""Record what this version's messages look like, so that later servers are held against it.

    python scripts/record_contract.py tests/contract/compatibility/0.1.0

Writes one file for each kind of message that a device sends, with a message of the least fields and one of all, and
the JSON Schema of what a device understands (`desired`, `command`). Run it when a version is released, and commit the
folder. What is written depends on nothing but the contract.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from skerry_edge.contracts import messages, updates

UP: dict[str, type[msgspec.Struct]] = {
    "status": messages.Status,
    "heartbeat": messages.Heartbeat,
    "event": messages.Event,
    "state": messages.State,
    "result": messages.CommandResult,
    "update": updates.UpdateReport,
}
DOWN: dict[str, type[msgspec.Struct]] = {"desired": messages.Desired, "command": messages.Command}
TEXTS = {
    "id": "m1",
    "session": "00000001-abcdef01",
    "command": "c1",
    "config_sha256": "0" * 64,
    "file_sha256": "0" * 64,
}
TS_MS = 1_760_000_000_000
NUMBERS = {"ts": TS_MS, "began": TS_MS - 1000}
# By the fields that say what a key is, where its type says only that it is a text.
KEYS = {"stages_ms": "inference", "drops": "late", "updates": "model/a"}


def least(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return a message of ``kind`` with what it must have."""
    return _struct(kind, wanted=lambda field: field.required)


def whole(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return a message of ``kind`` with everything that it may have."""
    return _struct(kind, wanted=lambda _: True)


def _struct(kind: type[msgspec.Struct], *, wanted: Callable[[inspect.Field], bool]) -> dict[str, Any]:
    fields = inspect.type_info(kind).fields  # type: ignore[attr-defined]  # of a struct it has some
    return {field.encode_name: _value(field.encode_name, field.type) for field in fields if wanted(field)}


def _value(name: str, kind: inspect.Type) -> Any:  # noqa: ANN401  # JSON
    if isinstance(kind, inspect.UnionType):
        kind = next(one for one in kind.types if not isinstance(one, inspect.NoneType))
    if isinstance(kind, inspect.Metadata):
        return _value(name, kind.type)
    if isinstance(kind, inspect.StructType):
        return _struct(kind.cls, wanted=lambda _: True)
    if isinstance(kind, inspect.DictType):
        return {KEYS.get(name) or _value(name, kind.key_type): _value(name, kind.value_type)}
    if isinstance(kind, inspect.TupleType):
        return [_value(name, one) for one in kind.item_types]
    if isinstance(kind, inspect.ListType | inspect.VarTupleType):
        return [_value(name, kind.item_type)]
    return kind.values[0] if isinstance(kind, inspect.LiteralType) else _scalar(name, kind)


def _scalar(name: str, kind: inspect.Type) -> bool | float | str:
    if isinstance(kind, inspect.BoolType):
        return True
    if isinstance(kind, inspect.IntType):
        return NUMBERS.get(name, 1)
    return 0.5 if isinstance(kind, inspect.FloatType) else TEXTS.get(name, "a")


def main() -> None:
    """Write the folder that is named on the command line."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, kind in UP.items():
        samples = [least(kind), whole(kind)]
        for one in samples:
            msgspec.convert(one, kind, strict=True)
        _write(folder / f"{name}.json", samples)
    _write(folder / "understood.json", {name: _schema(kind) for name, kind in DOWN.items()})


def _schema(kind: type[msgspec.Struct]) -> dict[str, Any]:
    # The values of a configuration may be anything.
    return msgspec.json.schema(kind, schema_hook=lambda _: {"description": "anything"})


def _write(path: Path, content: object) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")


if __name__ == "__main__":
    main()

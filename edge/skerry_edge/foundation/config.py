"""TOML configuration into typed structs, with errors that name file, line, key and the nearest valid key."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from skerry_edge.foundation.errors import ConfigError, ReachError
from skerry_edge.foundation.redaction import redact

T = TypeVar("T", bound=msgspec.Struct)
_PATH = re.compile(r" - at `(?P<path>[^`]+)`$")
_STEP = re.compile(r"\.(?P<key>[A-Za-z0-9_-]+)|\[(?P<index>\d+)\]|\[\.\.\.\]")
_HEADER = re.compile(r"^\s*\[(?P<array>\[)?\s*(?P<name>[^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"^\s*(?P<key>[A-Za-z0-9_.\"' -]+?)\s*=")
MAX_BYTES = 1_000_000

Step = str | int


def load_toml(path: Path, kind: type[T]) -> T:
    """Read ``path`` as ``kind``, a struct; unknown keys are refused whatever the struct's own setting.

    Raises ReachError when the file cannot be read and ConfigError when it does not fit ``kind``.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ReachError(
            "cannot read the configuration", where=str(path), found=error.strerror, todo="check the path"
        ) from error
    if len(raw) > MAX_BYTES:
        raise ConfigError("the configuration is too large", where=str(path), found=f"over {MAX_BYTES} bytes")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(
            "the configuration is not UTF-8", where=f"{path}, byte {error.start}", todo="save it as UTF-8"
        ) from error
    return parse_toml(text, kind, name=str(path))


def parse_toml(text: str, kind: type[T], *, name: str) -> T:
    """Parse TOML ``text`` as ``kind``; ``name`` stands for the file in errors. Raises ConfigError."""
    try:
        tree = msgspec.toml.decode(text)
    except msgspec.DecodeError as error:
        raise ConfigError("the configuration is not valid TOML", where=name, found=redact(str(error))) from error
    _refuse_unknown(tree, kind, (), text, name)
    try:
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError as error:
        raise _located(str(error), text, name) from error


def _refuse_unknown(value: object, kind: Any, path: tuple[Step, ...], text: str, name: str) -> None:  # noqa: ANN401  # a type form, not a class
    """Walk ``value`` beside the type that it should have and refuse the first key that has no place."""
    struct = _struct_of(kind, value)
    if struct is not None and isinstance(value, dict):
        fields = {field.encode_name: field.type for field in msgspec.structs.fields(struct)}
        tag_field = struct.__struct_config__.tag_field
        for key, inner in value.items():
            if key == tag_field:
                continue
            if key not in fields:
                raise _unknown_key(key, list(fields), (*path, key), text, name)
            _refuse_unknown(inner, fields[key], (*path, key), text, name)
        return
    element = _element_of(kind, value)
    if element is None:
        return
    if isinstance(value, list):
        for index, inner in enumerate(value):
            _refuse_unknown(inner, element, (*path, index), text, name)
    elif isinstance(value, dict):
        for key, inner in value.items():
            _refuse_unknown(inner, element, (*path, key), text, name)


def _members(kind: Any) -> list[Any]:  # noqa: ANN401  # a type form
    arguments = getattr(kind, "__args__", None)
    is_union = str(getattr(kind, "__origin__", "")) == "typing.Union" or type(kind).__name__ == "UnionType"
    return list(arguments) if is_union and arguments else [kind]


def _struct_of(kind: Any, value: object) -> type[msgspec.Struct] | None:  # noqa: ANN401  # a type form
    """Return the struct among ``kind``'s members that ``value`` claims to be."""
    structs = [one for one in _members(kind) if isinstance(one, type) and issubclass(one, msgspec.Struct)]
    if len(structs) == 1:
        return structs[0]
    for one in structs:
        config = one.__struct_config__
        if isinstance(value, dict) and config.tag_field and value.get(config.tag_field) == config.tag:
            return one
    return None


def _element_of(kind: Any, value: object) -> Any:  # noqa: ANN401  # a type form
    wanted = dict if isinstance(value, dict) else list
    for one in _members(kind):
        origin, arguments = getattr(one, "__origin__", None), getattr(one, "__args__", ())
        if wanted is dict and origin is dict:
            return arguments[1]
        if wanted is list and origin in (list, tuple):
            return arguments[0]
    return None


def _unknown_key(key: str, known: list[str], path: tuple[Step, ...], text: str, name: str) -> ConfigError:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    todo = f"did you mean '{near[0]}'?" if near else f"valid keys here: {', '.join(sorted(known))}"
    return ConfigError("unknown key in the configuration", where=_where(path, text, name), found=f"'{key}'", todo=todo)


def _located(message: str, text: str, name: str) -> ConfigError:
    """Turn msgspec's message (`what - at `$.a.b``) into an error with file, line and key."""
    match = _PATH.search(message)
    path: tuple[Step, ...] = ()
    if match:
        path = tuple(
            int(step["index"]) if step["index"] else step["key"] or "…" for step in _STEP.finditer(match["path"])
        )
        message = message[: match.start()]
    missing = re.search(r"missing required field `([^`]+)`", message)
    todo = f"add '{missing[1]}'" if missing else "correct the value"
    return ConfigError("the configuration does not fit", where=_where(path, text, name), found=message, todo=todo)


def _where(path: tuple[Step, ...], text: str, name: str) -> str:
    line = line_of(path, text)
    dotted = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
    place = f"{name}, line {line}" if line else name
    return f"{place}, key '{dotted}'" if dotted else place


def line_of(path: tuple[Step, ...], text: str) -> int | None:
    """Return the 1-based line where ``path`` is set, or that of the deepest parent that has a line."""
    best: tuple[int, int] | None = None
    table: tuple[Step, ...] = ()
    counts: dict[tuple[Step, ...], int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(line)
        if header:
            table = _table_path(_split_key(header["name"]), counts, is_array=bool(header["array"]))
            here = table
        else:
            key = _KEY.match(line)
            if not key or line.lstrip().startswith("#"):
                continue
            here = table + tuple(_split_key(key["key"]))
        depth = _shared(here, path)
        if depth == len(here) and depth and (best is None or depth > best[0]):
            best = (depth, number)
    return best[1] if best else None


def _table_path(names: list[str], counts: dict[tuple[Step, ...], int], *, is_array: bool) -> tuple[Step, ...]:
    """Return the path of a table header, with the index of each array of tables that it passes through."""
    path: tuple[Step, ...] = ()
    for position, one in enumerate(names):
        path = (*path, one)
        if is_array and position == len(names) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _split_key(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in dotted.split(".")]


def _shared(left: tuple[Step, ...], right: tuple[Step, ...]) -> int:
    depth = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        depth += 1
    return depth

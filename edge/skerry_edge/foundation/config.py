"""TOML configuration into typed structs, with errors that name file, line, key and the nearest valid key."""

from __future__ import annotations

import errno
import re
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec

from skerry_edge.foundation.errors import ConfigError, ReachError
from skerry_edge.foundation.nearest import suggestion
from skerry_edge.foundation.redaction import redact
from skerry_edge.foundation.small_file import read_small
from skerry_edge.foundation.toml_lines import KeyPath, lines_of_keys

T = TypeVar("T", bound=msgspec.Struct)
_PATH = re.compile(r" - at (?:`key` in )?`(?P<path>[^`]+)`$")
_STEP = re.compile(r"\.(?P<key>[A-Za-z0-9_-]+)|\[(?P<index>\d+)\]|\[\.\.\.\]")
MAX_BYTES = 1_000_000


def load_toml(path: Path, kind: type[T]) -> T:
    """Read ``path`` as ``kind``, a struct; unknown keys are refused whatever the struct's own setting.

    Raises ReachError when the file cannot be read and ConfigError when it does not fit ``kind``.
    """
    return parse_toml(read_toml(path), kind, name=str(path))


def read_toml(path: Path) -> str:
    """Return the text of a configuration, without the byte order mark that some editors put before it.

    Raises ReachError when the file cannot be read, and ConfigError when it is too large or no UTF-8.
    """
    try:
        raw = read_small(path, MAX_BYTES)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise ConfigError("the configuration is too large", where=str(path), found=error.strerror) from error
        todo = "use sudo, or join its group" if isinstance(error, PermissionError) else "check the path"
        raise ReachError("cannot read the configuration", where=str(path), found=error.strerror, todo=todo) from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            "the configuration is not UTF-8", where=f"{path}, byte {error.start}", todo="save it as UTF-8"
        ) from error


def parse_toml(text: str, kind: type[T], *, name: str) -> T:
    """Parse TOML ``text`` as ``kind``; ``name`` stands for the file in errors. Raises ConfigError."""
    return fit(toml_tree(text, name=name), kind, name=name, text=text)


def toml_tree(text: str, *, name: str) -> dict[str, Any]:
    """Return what TOML ``text`` says; ``name`` stands for the file in errors. Raises ConfigError."""
    try:
        tree: dict[str, Any] = msgspec.toml.decode(text)
    except (msgspec.DecodeError, ValueError) as error:
        # Of a number of thousands of digits Python's parser makes a plain ValueError.
        raise ConfigError("the configuration is not valid TOML", where=name, found=redact(str(error))) from error
    except RecursionError as error:
        raise ConfigError("the configuration is nested too deeply", where=name) from error
    return tree


def fit(tree: object, kind: type[T], *, name: str, text: str = "") -> T:
    """Return ``tree``, decoded TOML or JSON, as ``kind``; unknown keys are refused whatever the struct's own setting.

    Errors name ``name``, the key, and its line in ``text`` where that is the TOML that ``tree`` comes from. Raises
    ConfigError.
    """
    try:
        _refuse_nul(tree, (), text, name)
        _refuse_unknown(tree, kind, (), text, name)
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError as error:
        raise _located(str(error), tree, kind, text, name) from error
    except RecursionError as error:
        raise ConfigError("the configuration is nested too deeply", where=name) from error


def _refuse_nul(value: object, path: KeyPath, text: str, name: str) -> None:
    """Refuse a text with a NUL in it: no path, address or name has one, and the system's calls take none."""
    if isinstance(value, str) and "\0" in value:
        raise ConfigError("a text with a NUL in it", where=_where(path, text, name), todo="correct the value")
    if isinstance(value, dict):
        for key, inner in value.items():
            _refuse_nul(inner, (*path, key), text, name)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _refuse_nul(inner, (*path, index), text, name)


def _refuse_unknown(value: object, kind: Any, path: KeyPath, text: str, name: str) -> None:  # noqa: ANN401  # a type form, not a class
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
    _refuse_unknown_kind(value, _tagged(kind), path, text, name)
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
    """Return what a value of ``kind`` may be: the members of a union, without their constraints."""
    origin = get_origin(kind)
    if origin is Annotated:
        return _members(get_args(kind)[0])
    if origin in (Union, UnionType):
        return [member for one in get_args(kind) for member in _members(one)]
    return [kind]


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


def _tagged(kind: Any) -> dict[str, list[str]]:  # noqa: ANN401  # a type form
    """Return the values that tell ``kind``'s structs apart, by the key that holds them."""
    tags: dict[str, list[str]] = {}
    for one in _members(kind):
        config = one.__struct_config__ if isinstance(one, type) and issubclass(one, msgspec.Struct) else None
        if config is not None and config.tag_field is not None:
            tags.setdefault(config.tag_field, []).append(str(config.tag))
    return tags


def _refuse_unknown_kind(value: object, tags: dict[str, list[str]], path: KeyPath, text: str, name: str) -> None:
    """Refuse a table whose kind is not among those that it may be; the error lists them."""
    if not isinstance(value, dict):
        return
    for key, known in tags.items():
        kinds = f"'{key}' is one of: {', '.join(sorted(known))}"
        given = value.get(key)
        if given is None:
            raise ConfigError("a table has no kind", where=_where(path, text, name), found=f"no '{key}'", todo=kinds)
        if given not in known:
            near = suggestion(given, known, otherwise="") if isinstance(given, str) else ""
            todo = f"{near} {kinds}" if near else kinds
            where, found = _where((*path, key), text, name), redact(f"'{given}'")
            raise ConfigError(f"unknown {key} in the configuration", where=where, found=found, todo=todo)


def _element_of(kind: Any, value: object) -> Any:  # noqa: ANN401  # a type form
    """Return the type of the elements of ``value``, a list or table; None where ``kind`` does not say."""
    origins = (dict,) if isinstance(value, dict) else (list, tuple)
    for one in _members(kind):
        if get_origin(one) in origins:
            return get_args(one)[1 if origins == (dict,) else 0]
    return None


def _unknown_key(key: str, known: list[str], path: KeyPath, text: str, name: str) -> ConfigError:
    todo = suggestion(key, known, otherwise=f"valid keys here: {', '.join(sorted(known))}")
    return ConfigError("unknown key in the configuration", where=_where(path, text, name), found=f"'{key}'", todo=todo)


def _located(message: str, tree: object, kind: Any, text: str, name: str) -> ConfigError:  # noqa: ANN401  # a type form
    """Turn msgspec's message (`what - at `$.a.b``) into an error with file, line and key.

    A pattern is told in the words of its type's description, where it has one.
    """
    match = _PATH.search(message)
    path: KeyPath = ()
    if match:
        path = tuple(
            int(step["index"]) if step["index"] else step["key"] or "…" for step in _STEP.finditer(match["path"])
        )
        message = message[: match.start()]
    if "matching regex" in message and (words := _description(tree, kind, path)):
        message = f"what is not {words}"
    missing = re.search(r"missing required field `([^`]+)`", message)
    todo = f"add '{missing[1]}'" if missing else "correct the value"
    return ConfigError(
        "the configuration does not fit", where=_where(path, text, name), found=redact(message), todo=todo
    )


def _description(tree: Any, kind: Any, path: KeyPath) -> str | None:  # noqa: ANN401  # a type form
    """Return the words that describe the type of the value at ``path``, None where it has none or none is found."""
    for step in path:
        struct = _struct_of(kind, tree)
        fields = {} if struct is None else {field.encode_name: field.type for field in msgspec.structs.fields(struct)}
        kind = fields.get(str(step)) or _element_of(kind, tree)
        if not isinstance(tree, dict | list) or (isinstance(tree, dict) and step not in tree):
            return None  # a key of a table, of which msgspec does not tell which
        tree = tree[step]  # type: ignore[index]  # a list's steps are numbers
    metas = [one for form in (kind, *get_args(kind)) for one in getattr(form, "__metadata__", ())]
    return next((one.description for one in metas if isinstance(one, msgspec.Meta) and one.description), None)


def _where(path: KeyPath, text: str, name: str) -> str:
    line = line_of(path, text)
    dotted = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
    place = f"{name}, line {line}" if line else name
    return f"{place}, key '{dotted}'" if dotted else place


def line_of(path: KeyPath, text: str) -> int | None:
    """Return the 1-based line where ``path`` is set in valid TOML, or that of the deepest parent that has one."""
    lines = lines_of_keys(text)
    for depth in range(len(path), 0, -1):
        if path[:depth] in lines:
            return lines[path[:depth]]
    return None

"""The scanner of TOML: it sees every key that the parser sees, where it is, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from skerry_edge.foundation.toml_lines import KeyPath, lines_of_keys

DOCUMENT = '''\
# a = 0
a = 1
"quoted.key" = "text # b = 2"
many = """
b = 1
[not-a-table]
"q" = 1"""
raw = \'\'\'
[neither]
c = 1\'\'\'
list = [
  1, # ] [
  { name = "x", inner = { deep = 1 } },
  [ "]", \'}\' ],
]
dotted.key . "more.so" = 3
[table."with.dot".c]
z = [[1, 2],
  [3]]

[[array]]
n = 1
  [[array.inner]]
  n = 2
  [[array.inner]]
  n = 3
  [array.plain]
  k = true
[[array]] # the second
[[array.inner]]
last = """\\"""quoted"" \\
  b = 2"""""
when = 1979-05-27T07:32:00Z
'''


def test_every_key_of_a_document_is_where_a_reader_sees_it() -> None:
    found = lines_of_keys(DOCUMENT)
    expected = {
        ("a",): 2,
        ("quoted.key",): 3,
        ("many",): 4,
        ("raw",): 8,
        ("list",): 11,
        ("list", 0): 12,
        ("list", 1): 13,
        ("list", 1, "inner", "deep"): 13,
        ("list", 2, 1): 14,
        ("dotted",): 16,
        ("dotted", "key", "more.so"): 16,
        ("table", "with.dot", "c"): 17,
        ("table", "with.dot", "c", "z", 1, 0): 19,
        ("array",): 21,
        ("array", 0): 21,
        ("array", 0, "n"): 22,
        ("array", 0, "inner", 0, "n"): 24,
        ("array", 0, "inner", 1): 25,
        ("array", 0, "inner", 1, "n"): 26,
        ("array", 0, "plain"): 27,
        ("array", 0, "plain", "k"): 28,
        ("array", 1): 29,
        ("array", 1, "inner", 0): 30,
        ("array", 1, "inner", 0, "last"): 31,
        ("array", 1, "inner", 0, "when"): 33,
    }
    assert {path: found.get(path) for path in expected} == expected
    assert set(found) == set(paths_of(msgspec.toml.decode(DOCUMENT)))


def paths_of(tree: Any, path: KeyPath = ()) -> list[KeyPath]:
    """Return the path of every table, key and element of a parsed document."""
    steps = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [found for step, value in steps for found in [(*path, step), *paths_of(value, (*path, step))]]


keys = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8) | st.sampled_from(
    ["a", "a.b", "[x]", "#", "="]
)
scalars = st.integers(-(2**63), 2**63 - 1) | st.booleans() | keys
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=8
)
documents = st.dictionaries(keys, values, max_size=4)


def written(value: Any) -> str:
    """Write a value as TOML: JSON's strings are TOML's basic strings but for the sign DEL."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(key)} = {written(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[ # ] comment\n" + ",\n".join(written(one) for one in value) + "\n]"
    return json.dumps(value, ensure_ascii=False)


@given(documents, st.booleans())
@example({"a": {"b": {"c": [1, {"d": 2}]}}}, True)
def test_for_any_document_the_scanner_knows_the_parser_s_keys_and_no_others(
    tree: dict[str, Any], as_tables: bool
) -> None:
    lines = []
    for key, value in tree.items():
        if as_tables and isinstance(value, dict):
            continue
        lines.append(f"{written(key)} = {written(value)} # end = 1")
    if as_tables:
        for key, value in tree.items():
            if isinstance(value, dict):
                lines.append(f"[ {written(key)} ] # [x]")
                lines += [f"{written(inner)}={written(one)}" for inner, one in value.items()]
    text = "\n".join(lines)
    assert set(lines_of_keys(text)) == set(paths_of(msgspec.toml.decode(text)))

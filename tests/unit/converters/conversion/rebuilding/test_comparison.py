"""Two makings of a bundle held against each other, and what is said of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from skerry_converters.conversion.rebuilding.comparison import (
    Comparison,
    FileRow,
    ToolChange,
    compare_files,
    compare_tools,
)
from skerry_converters.conversion.rebuilding.showing import as_json, as_lines
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.manifest import Manifest
from skerry_edge.foundation.errors import VerdictError

ONE, OTHER = "1" * 64, "2" * 64


@pytest.fixture
def manifest(discs: Path) -> Manifest:
    return Bundle.open(discs).manifest


@pytest.fixture
def same() -> Comparison:
    return Comparison(
        files=tuple(
            FileRow(file=name, expected=ONE, got=ONE) for name in ("golden/a_0.npy", "manifest.json", "a.onnx")
        ),
        tools=(),
        not_made={},
        processor_then="one processor",
        processor_now="one processor",
    )


def differing(comparison: Comparison, *names: str) -> Comparison:
    return replace(
        comparison, files=tuple(replace(one, got=OTHER) if one.file in names else one for one in comparison.files)
    )


def with_tools(manifest: Manifest, **tools: str) -> Manifest:
    variants = {
        name: msgspec.structs.replace(one, tools={**one.tools, **tools}) for name, one in manifest.variants.items()
    }
    return msgspec.structs.replace(manifest, variants=variants)


def test_every_file_of_either_making_has_a_row() -> None:
    rows = compare_files({"a": ONE, "b": ONE, "c": ONE}, {"a": ONE, "b": OTHER, "d": ONE})
    assert [(row.file, row.expected, row.got, row.same) for row in rows] == [
        ("a", ONE, ONE, True),
        ("b", ONE, OTHER, False),
        ("c", ONE, None, False),
        ("d", None, ONE, False),
    ]


def test_a_tool_in_another_version_is_told_once(manifest: Manifest) -> None:
    assert compare_tools(manifest, manifest) == ()
    (change,) = compare_tools(with_tools(manifest, skerry="0.0.1"), manifest)
    assert (change.tool, change.then, change.now) == ("skerry", "0.0.1", manifest.variants["onnx-fp32"].tools["skerry"])
    assert str(ToolChange(tool="nncf", then="3.0", now="3.1")) == "nncf 3.1 here, 3.0 when the bundle was made"


def test_a_tool_that_had_no_part_then_is_told(manifest: Manifest) -> None:
    (change,) = compare_tools(manifest, with_tools(manifest, edgetpu_compiler="16.0"))
    assert str(change) == "edgetpu_compiler 16.0 here, not used when the bundle was made"


def test_tools_of_all_files_count_and_those_of_a_variant_that_was_not_made_do_not(manifest: Manifest) -> None:
    other = msgspec.structs.replace(manifest, tools={**manifest.tools, "numpy": "1.0"})
    assert [one.tool for one in compare_tools(other, manifest)] == ["numpy"]
    alone = msgspec.structs.replace(manifest, variants={"onnx-fp32": manifest.variants["onnx-fp32"]})
    assert compare_tools(manifest, alone) == ()


def test_identical_makings_raise_nothing_and_are_told_so(same: Comparison) -> None:
    assert same.identical
    same.require_identical("m.skerry")
    *table, last = as_lines(same)
    assert last == "identical: made again, every file has the same bytes"
    assert [line.split()[-1] for line in table] == ["same", "yes", "yes", "yes"]


def test_files_that_came_out_differently_are_the_verdict(same: Comparison) -> None:
    different = differing(same, "a.onnx", "manifest.json")
    with pytest.raises(VerdictError, match="2 of 3 files came out differently") as caught:
        different.require_identical("m.skerry")
    assert caught.value.exit_code == 1
    assert caught.value.found == "manifest.json, a.onnx"


def test_other_versions_stand_first_then_another_processor(same: Comparison) -> None:
    tools = (ToolChange(tool="nncf", then="3.0", now="3.1"),)
    lines = list(as_lines(replace(differing(same, "a.onnx"), tools=tools, processor_then="another processor")))
    assert lines[0] == "other version: nncf 3.1 here, 3.0 when the bundle was made"
    assert lines[1] == "other processor: one processor here, another processor when the bundle was made"
    assert lines[2].startswith("file ")


def test_a_processor_that_is_unknown_or_made_no_difference_is_not_blamed(same: Comparison) -> None:
    for one in (replace(differing(same, "a.onnx"), processor_then=None), replace(same, processor_then="another")):
        assert not any(line.startswith("other processor") for line in as_lines(one))


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["manifest.json"], "only what the manifest says differs"),
        (["manifest.json", "golden/a_0.npy"], "golden outputs are what the processor and runtime of then gave"),
        (["manifest.json", "golden/a_0.npy", "a.onnx"], "3 of 3 files came out differently"),
    ],
)
def test_what_a_difference_means_is_said(same: Comparison, names: list[str], words: str) -> None:
    assert words in list(as_lines(differing(same, *names)))[-1]


def test_a_variant_that_could_not_be_made_is_told_with_the_reason(same: Comparison) -> None:
    lines = list(as_lines(replace(differing(same, "a.onnx"), not_made={"openvino-int8": "NNCF cannot"})))
    assert lines[0] == "openvino-int8 could not be made again: NNCF cannot"


def test_json_tells_everything_with_whole_hashes(same: Comparison) -> None:
    tools = (ToolChange(tool="nncf", then="3.0", now=None),)
    told = json.loads(json.dumps(as_json(replace(differing(same, "a.onnx"), tools=tools), "m.skerry")))
    assert (told["bundle"], told["identical"]) == ("m.skerry", False)
    assert told["tools"] == [{"tool": "nncf", "then": "3.0", "now": None}]
    assert told["files"][-1] == {"file": "a.onnx", "expected": ONE, "got": OTHER, "same": False}

"""`skerry convert --targets`: what converts to what, for people, for programs, and in the README."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_converters.families.registry import TARGETS

Skerry = Callable[..., object]


def test_every_target_is_listed_for_people_with_what_this_machine_lacks(
    skerry: Skerry, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "nncf" else real(name, *more))
    monkeypatch.setenv("COLUMNS", "200")
    run = skerry("convert", "--targets")
    assert run.code == 0, run.err
    assert all(name in run.out for name in TARGETS)
    told = next(line for line in run.out.splitlines() if line.startswith("openvino-int8 from "))
    assert "nncf not installed: pip install 'skerry[convert]'" in told
    row = next(line for line in run.out.splitlines() if "openvino-int8" in line)
    assert row.rstrip("│ \n").endswith("no")


def test_programs_get_the_tools_and_the_reason_for_each_way(skerry: Skerry) -> None:
    run = skerry("convert", "--targets", "--json")
    assert run.code == 0, run.err
    listed = {one["name"]: one for one in json.loads(run.out)["targets"]}
    assert list(listed) == list(TARGETS)
    assert listed["tflite-int8"]["calibrated"] is True
    assert listed["tflite-int8"]["sources"]["ONNX"]["tools"] == ["onnx2tf", "tensorflow"]
    assert "int8 TFLite" not in listed["onnx-fp32"]["sources"]


def test_the_readme_holds_the_table_as_it_is_printed(skerry: Skerry, project_root: Path) -> None:
    run = skerry("convert", "--targets", "--markdown")
    assert run.code == 0, run.err
    assert run.out.count("\n") == len(TARGETS) + 2
    assert run.out in (project_root / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--targets", "--to", "all"], "'--to' does not go with --targets"),
        (["--targets", "net.onnx"], "'SOURCE' does not go with --targets"),
        (["net.onnx", "--to", "all", "--out", "x.skerry", "--markdown"], "'--markdown' goes with --targets"),
    ],
)
def test_options_that_do_not_go_together_are_refused(skerry: Skerry, arguments: list[str], words: str) -> None:
    run = skerry("convert", *arguments)
    assert run.code == 2
    assert words in run.err

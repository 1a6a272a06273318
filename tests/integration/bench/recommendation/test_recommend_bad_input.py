"""`skerry recommend` with what it cannot use: a clear error, and the exit code that is documented."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Make = Callable[..., Any]
LIMITS = ("--fps", 20, "--max-drop", 1)
DROPS = {"onnx-fp32": (0.0, 0.0, 0.0), "onnx-int8": (0.4, 0.2, 0.6)}
TIMES = {"onnx-fp32": 40.0, "onnx-int8": 10.0}


def test_a_drop_that_nothing_tells_is_refused_before_anything_is_measured(recommend: Make, model: Path) -> None:
    done = recommend(model, *LIMITS)
    assert done.code == 2
    assert "--max-drop cannot be judged: nothing tells what the variants lose" in done.err
    assert "--data" in done.err
    assert "--evaluation" in done.err


def test_gates_without_labels_tell_no_drop(recommend: Make, gated: Make, model: Path) -> None:
    gated(model, '{"reports": [{"variant": "onnx-fp32", "accuracy": null}]}')
    done = recommend(model, *LIMITS)
    assert done.code == 2
    assert "the gates had no labelled pictures" in done.err


def test_damaged_gates_are_told_as_such(recommend: Make, gated: Make, model: Path) -> None:
    gated(model, '{"reports": 7}')
    done = recommend(model, *LIMITS)
    assert done.code == 4
    assert "the gates' report is damaged" in done.err


@pytest.mark.parametrize(
    ("text", "code"), [("{", 4), ('{"kind": "skerry-bench", "schema": 99}', 4), ("[]", 4), (None, 4)]
)
def test_a_file_that_is_no_result_is_refused(
    recommend: Make, gated: Make, model: Path, tmp_path: Path, text: str | None, code: int
) -> None:
    gated(model, DROPS)
    path = tmp_path / "result.json"
    if text is not None:
        path.write_text(text)
    done = recommend(model, *LIMITS, "--results", path)
    assert done.code == code
    assert "result.json" in done.err


@pytest.mark.parametrize("text", ["{", "{}", "[]", None])
def test_a_file_that_is_no_evaluation_is_refused(
    recommend: Make, model: Path, tmp_path: Path, text: str | None
) -> None:
    path = tmp_path / "evaluation.json"
    if text is not None:
        path.write_text(text)
    done = recommend(model, *LIMITS, "--evaluation", path)
    assert done.code == 4
    assert "evaluation.json" in done.err


def test_results_of_another_model_are_refused(recommend: Make, gated: Make, results: Make, model: Path) -> None:
    gated(model, DROPS)
    done = recommend(model, *LIMITS, "--results", results("a.json", model, TIMES, model="other"))
    assert done.code == 2
    assert "no row is of telling 1.0.0" in done.err
    assert "other 1.0.0" in done.err


def test_an_evaluation_of_another_model_is_refused(
    recommend: Make, skerry: Make, telling_bundle: Make, model: Path, pictures: Path, tmp_path: Path
) -> None:
    told = tmp_path / "evaluation.json"
    assert skerry("evaluate", model, "--data", pictures, "--json", told).code == 0
    told.write_text(told.read_text().replace('"name": "telling"', '"name": "other"'))
    done = recommend(model, *LIMITS, "--evaluation", told)
    assert done.code == 2
    assert "the evaluation is of another model" in done.err


def test_results_of_different_machines_are_not_mixed(
    recommend: Make, gated: Make, results: Make, model: Path, pi_5: Any
) -> None:
    gated(model, DROPS)
    here, there = results("a.json", model, TIMES), results("b.json", model, TIMES, on=pi_5)
    done = recommend(model, *LIMITS, "--results", here, "--results", there)
    assert done.code == 2
    assert "different machines" in done.err


def test_an_unknown_board_is_refused_with_the_nearest(recommend: Make, model: Path) -> None:
    done = recommend(model, *LIMITS, "--board", "raspbery-pi-5")
    assert done.code == 2
    assert "did you mean 'raspberry-pi-5'?" in done.err


def test_a_microcontroller_is_refused(recommend: Make, model: Path) -> None:
    done = recommend(model, *LIMITS, "--board", "esp32-s3")
    assert done.code == 2
    assert "no variant can be timed for a microcontroller" in done.err


def test_an_input_is_not_written_over(recommend: Make, gated: Make, results: Make, model: Path) -> None:
    gated(model, DROPS)
    told = results("a.json", model, TIMES)
    before = told.read_bytes()
    done = recommend(model, *LIMITS, "--results", told, "--json", told)
    assert done.code == 2
    assert told.read_bytes() == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("--fps", 20),
        ("--max-drop", 1),
        ("--fps", 0, "--max-drop", 1),
        ("--fps", "nan", "--max-drop", 1),
        ("--fps", 20, "--max-drop", -1),
        (*LIMITS, "--quantile", "mean"),
        (*LIMITS, "--data", "a", "--evaluation", "b"),
    ],
)
def test_wrong_usage_is_exit_code_2(recommend: Make, model: Path, arguments: tuple[object, ...]) -> None:
    assert recommend(model, *arguments).code == 2


def test_a_missing_model_is_refused(recommend: Make) -> None:
    assert recommend("no-such.skerry", *LIMITS).code == 2

"""`skerry recommend`: measured here or read from files, the pick is the one that the figures call for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from skerry_edge.bench.recommendation.result import Recommendation

Make = Callable[..., Any]
EASY = ("--fps", 0.1)
QUICK = ("--duration", 0)
NARROW = {"onnx-fp32": (0.0, 0.0, 0.0), "onnx-int8": (0.4, 0.2, 0.6)}
TIMES = {"onnx-fp32": 40.0, "onnx-int8": 10.0}


def decoded(text: str) -> Recommendation:
    return msgspec.json.decode(text, type=Recommendation)


def test_times_and_drops_are_measured_here_on_labelled_pictures(recommend: Make, model: Path, pictures: Path) -> None:
    done = recommend(model, *EASY, *QUICK, "--max-drop", 5, "--data", pictures, "--json", "-")
    assert done.code == 0, done.err
    answer = decoded(done.out)
    assert (answer.outcome, answer.pick) == ("picked", "onnx-fp32")
    exact, coarse = answer.candidates
    assert (exact.ap50, coarse.ap50) == (1.0, 0.5)
    assert coarse.drop is not None
    assert coarse.drop.points == pytest.approx(50.0)
    assert [one.kind for one in coarse.problems] == ["drop"]
    assert exact.latency_ms is not None
    assert 0 < exact.latency_ms < 10_000
    assert (answer.accuracy.images, answer.accuracy.reference) == (4, "onnx-fp32")
    assert answer.measured_by == "measured just now"


def test_an_earlier_evaluation_tells_the_drops(
    recommend: Make, skerry: Make, results: Make, model: Path, pictures: Path, tmp_path: Path
) -> None:
    told = tmp_path / "evaluation.json"
    assert skerry("evaluate", model, "--data", pictures, "--json", told).code == 0
    given = ("--evaluation", told, "--results", results("a.json", model, TIMES))
    answer = decoded(recommend(model, "--fps", 30, "--max-drop", 60, *given, "--json", "-").out)
    assert [round(one.drop.points) for one in answer.candidates if one.drop] == [0, 50]
    assert answer.pick == "onnx-int8"


def test_the_gates_of_the_bundle_tell_the_drops_where_nothing_else_does(
    recommend: Make, results: Make, gated: Make, model: Path
) -> None:
    gated(model, NARROW)
    given = (model, "--max-drop", 1, "--results", results("a.json", model, TIMES), "--json", "-")
    accurate, fast = (decoded(recommend(*given, "--fps", fps).out) for fps in (20, 30))
    assert (accurate.pick, fast.pick) == ("onnx-fp32", "onnx-int8")
    assert "the gates when the bundle was converted" in fast.accuracy.source
    assert fast.accuracy.images == 40
    assert [one.on_front for one in fast.candidates] == [True, True]


def test_the_terminal_marks_the_front_and_says_why_this_one(
    recommend: Make, results: Make, gated: Make, model: Path
) -> None:
    gated(model, NARROW)
    done = recommend(model, "--fps", 30, "--max-drop", 1, "--results", results("a.json", model, TIMES))
    assert done.code == 0
    assert "Take onnx-int8." in done.out
    assert (
        "onnx-int8 ends 95 % of its calls within 10.0 ms (100 frames a second, 30 are wanted), and loses 0.4 points of "
        "AP50, 1 are allowed, 95 % interval 0.2 to 0.6. Not onnx-fp32, which takes 40.0 ms, of 33.3 allowed."
    ) in done.out
    assert "Times: measured on Workstation with 8 cores" in done.out


def test_accuracy_in_the_results_is_used_before_the_gates(
    recommend: Make, results: Make, gated: Make, model: Path
) -> None:
    gated(model, NARROW)
    told = results("a.json", model, TIMES, ap50={"onnx-fp32": 0.9, "onnx-int8": 0.8})
    done = recommend(model, "--fps", 30, "--max-drop", 1, "--results", told, "--json", "-")
    answer = decoded(done.out)
    assert (done.code, answer.outcome, answer.pick) == (1, "none", None)
    assert "a.json" in answer.accuracy.source


def test_where_no_variant_does_it_says_what_would_have_to_give(
    recommend: Make, results: Make, gated: Make, model: Path
) -> None:
    gated(model, NARROW)
    done = recommend(model, "--fps", 30, "--max-drop", 0.1, "--results", results("a.json", model, TIMES))
    assert done.code == 1
    assert "No variant keeps to both 30 frames a second (p95) and a drop of 0.1 points." in done.out
    assert "at 25 frames a second or fewer onnx-fp32 would do" in done.out
    assert "with a drop of 0.4 points or more allowed onnx-int8 would do" in done.out


def test_times_of_another_machine_make_a_provisional_pick(
    recommend: Make, results: Make, gated: Make, model: Path
) -> None:
    gated(model, NARROW)
    given = ("--board", "raspberry-pi-5", "--results", results("a.json", model, TIMES))
    done = recommend(model, "--fps", 20, "--max-drop", 1, *given)
    assert done.code == 1
    assert "Take onnx-int8, provisionally." in done.out
    assert "measured on Workstation with 8 cores, not on raspberry-pi-5" in done.out
    assert "give the file with --results board.json" in done.out
    answer = decoded(recommend(model, "--fps", 20, "--max-drop", 1, *given, "--json", "-").out)
    assert (answer.outcome, answer.elsewhere) == ("provisional", True)


def test_times_of_the_board_itself_settle_it(
    recommend: Make, results: Make, gated: Make, model: Path, pi_5: Any
) -> None:
    gated(model, NARROW)
    there = results("pi.json", model, {"onnx-fp32": 180.0, "onnx-int8": 45.0}, on=pi_5)
    here = results("here.json", model, TIMES, measured_ms=2)
    given = ("--board", "raspberry-pi-5", "--results", here, "--results", there, "--json", "-")
    done = recommend(model, "--fps", 20, "--max-drop", 1, *given)
    answer = decoded(done.out)
    assert (done.code, answer.outcome, answer.pick) == (0, "picked", "onnx-int8")
    assert [one.latency_ms for one in answer.candidates] == [180.0, 45.0]
    assert (answer.machine.board, answer.measured_by) == ("Raspberry Pi 5 Model B Rev 1.0", str(there))


def test_the_newest_of_several_results_counts(recommend: Make, results: Make, gated: Make, model: Path) -> None:
    gated(model, NARROW)
    new = results("new.json", model, {"onnx-int8": 11.0}, measured_ms=2)
    old = results("old.json", model, TIMES, measured_ms=1)
    done = recommend(model, "--fps", 20, "--max-drop", 1, "--results", new, "--results", old, "--json", "-")
    assert [one.latency_ms for one in decoded(done.out).candidates] == [40.0, 11.0]


def test_a_variant_that_the_results_lack_or_that_has_changed_is_listed_with_the_reason(
    recommend: Make, results: Make, gated: Make, model: Path
) -> None:
    gated(model, NARROW)
    given = (model, "--fps", 20, "--max-drop", 1, "--json", "-", "--results")
    absent = decoded(recommend(*given, results("a.json", model, {"onnx-fp32": 40.0})).out)
    assert absent.candidates[1].problems[0].words == "was not measured: it is not in the results"
    changed = decoded(recommend(*given, results("b.json", model, TIMES, size_bytes=7)).out)
    assert "its times are those of another file, of 7 bytes" in changed.candidates[0].problems[0].words


def test_a_variant_that_breaks_is_listed_and_the_others_go_on(
    recommend: Make, telling_bundle: Make, pictures: Path
) -> None:
    found = [[0, 0.9, 0.2, 0.2, 0.6, 0.6]]
    bundle = telling_bundle(["disc"], {"onnx-fp32": [found] * 4}, raw={"onnx-int8": b"no network"})
    done = recommend(bundle, *EASY, *QUICK, "--max-drop", 1, "--data", pictures, "--json", "-")
    assert done.code == 0, done.err
    answer = decoded(done.out)
    assert answer.pick == "onnx-fp32"
    broken = answer.candidates[1]
    assert broken.kinds == {"not measured", "accuracy"}
    assert all("ONNX Runtime cannot load the model" in problem.words for problem in broken.problems)


def test_the_page_shows_the_front_with_the_limits_and_the_pick(
    recommend: Make, results: Make, gated: Make, model: Path, tmp_path: Path
) -> None:
    gated(model, NARROW)
    page = tmp_path / "front.html"
    given = ("--fps", 30, "--max-drop", 1, "--results", results("a.json", model, TIMES), "--html", page)
    assert recommend(model, *given).code == 0
    text = page.read_text()
    assert text.count("<svg") == 1
    assert all(word in text for word in ("Take onnx-int8.", "30 a second (33.3 ms)", "1 point lost"))
    assert text.count('class="dot pick"') == text.count('class="dot front"') == 1
    assert text.count('class="rule limit"') == 2
    assert "http" not in text.replace("http-equiv", "")


def test_a_picture_with_nothing_known_is_left_out(
    recommend: Make, results: Make, gated: Make, model: Path, tmp_path: Path
) -> None:
    gated(model, {"onnx-int8": (0.4, 0.2, 0.6)})
    page = tmp_path / "front.html"
    told = results("a.json", model, {"onnx-fp32": 40.0})
    assert recommend(model, "--fps", 30, "--max-drop", 1, "--results", told, "--html", page).code == 1
    assert "<svg" not in page.read_text()


def test_figures_and_page_are_of_one_answer(
    recommend: Make, results: Make, gated: Make, model: Path, tmp_path: Path
) -> None:
    gated(model, NARROW)
    told, page = tmp_path / "answer.json", tmp_path / "front.html"
    given = ("--results", results("a.json", model, TIMES), "--json", told, "--html", page)
    assert recommend(model, "--fps", 30, "--max-drop", 1, *given).code == 0
    assert json.loads(told.read_text())["reason"] in page.read_text()

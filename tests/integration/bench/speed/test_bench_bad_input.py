"""What `skerry bench` says about rows that break, options that contradict, and files that will not do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skerry_edge.contracts.manifest import Raw

BOX = (0.0, 0.0, 0.4, 0.4)
GOOD = [[(0, 0.9, *BOX)], [(0, 0.8, *BOX)]]
QUICK = ("--duration", 0, "--calls", 5)
Make = Callable[..., Path]
Run = Callable[..., Any]


@pytest.fixture
def model(telling_bundle: Make) -> Path:
    """A model of one variant."""
    return telling_bundle(("cat", "dog"), {"onnx-fp32": GOOD})


@pytest.fixture
def frame(numbered_picture: Make, tmp_path: Path) -> Path:
    """A picture that the model knows."""
    return numbered_picture(tmp_path / "frame.png", 0)


@pytest.fixture
def bench(skerry: Run, frame: Path) -> Run:
    """Return a function that runs a benchmark of few calls."""
    return lambda *arguments: skerry("bench", *arguments, "--frame", frame, *QUICK)


def test_a_variant_that_no_computer_runs_says_so_and_the_others_are_measured(bench: Run, telling_bundle: Make) -> None:
    done = bench(
        telling_bundle(("cat",), {"onnx-fp32": GOOD}, raw={"mcu-int8": b"for a microcontroller"}), "--json", "-"
    )
    assert done.code == 0
    assert [(row["variant"], row["outcome"]) for row in done.json["rows"]] == [
        ("onnx-fp32", "measured"),
        ("mcu-int8", "not run"),
    ]
    assert "no backend loads mcu files" in done.json["rows"][1]["reason"]


def test_where_nothing_can_be_run_the_code_is_3_and_the_figures_still_say_why(
    bench: Run, telling_bundle: Make, tmp_path: Path
) -> None:
    outputs = ("--json", tmp_path / "f.json", "--csv", tmp_path / "f.csv", "--html", tmp_path / "f.html")
    done = bench(telling_bundle(("cat",), {}, raw={"mcu-int8": b"for a microcontroller"}), *outputs)
    assert done.code == 3
    assert "no backend loads mcu files" in done.err
    assert all("no backend loads mcu files" in (tmp_path / f"f.{kind}").read_text() for kind in ("json", "csv", "html"))


def test_a_runtime_that_is_not_installed_is_told_with_its_extra(
    bench: Run, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skerry_edge.backends.registry.importlib.util.find_spec", lambda _name: None)
    done = bench(model)
    assert done.code == 3
    assert "skerry[onnx]" in done.err


def test_a_damaged_variant_is_told_in_its_row_and_the_others_are_measured(bench: Run, telling_bundle: Make) -> None:
    done = bench(telling_bundle(("cat",), {"onnx-fp32": GOOD}, raw={"onnx-int8": b"this is no network"}), "--json", "-")
    assert done.code == 4
    assert "1 of 2 measurements failed" in done.err
    assert [row["outcome"] for row in done.json["rows"]] == ["measured", "failed"]


def test_a_network_that_never_answers_is_given_up_and_the_others_are_measured(bench: Run, telling_bundle: Make) -> None:
    hanging = telling_bundle(("cat",), {"onnx-int8": GOOD, "onnx-fp32": GOOD}, endless=["onnx-fp32"])
    done = bench(hanging, "--stall", "10", "--json", "-")
    assert done.code == 1
    first, second = done.json["rows"]
    assert (first["variant"], first["outcome"], second["outcome"]) == ("onnx-fp32", "failed", "measured")
    assert "gave nothing for 10 s" in first["reason"]


def test_a_process_that_crashes_is_told_in_its_row(
    bench: Run, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Stands in for a runtime that takes its process along: everything else is the real thing.
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "if any('speed.worker' in one for one in sys.orig_argv): os.kill(os.getpid(), signal.SIGSEGV)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = bench(model, "--json", "-")
    assert done.code == 1
    assert "SIGSEGV" in done.json["rows"][0]["reason"]


def test_a_network_without_a_decoder_is_timed_on_its_inference_alone(bench: Run, telling_bundle: Make) -> None:
    done = bench(telling_bundle((), {"onnx-fp32": 100 * GOOD}, output=Raw()), "--json", "-")
    assert done.code == 0
    assert set(done.json["rows"][0]["stages_ms"]) == {"inference", "end_to_end"}


def test_a_wake_word_has_no_accuracy_on_pictures(bench: Run, voc_folder: Make) -> None:
    pytest.importorskip("pymicro_wakeword", reason="the extra 'wakeword' is not installed")
    done = bench("alexa", "--data", voc_folder([("cat", 1, 1, 40, 40)]))
    assert done.code == 2
    assert "no accuracy on pictures" in done.err


def test_accuracy_stands_in_the_same_row_and_is_that_of_evaluate(
    skerry: Run, bench: Run, telling_bundle: Make, voc_folder: Make
) -> None:
    one_missed = [GOOD[0], []]
    model = telling_bundle(("cat", "dog"), {"onnx-fp32": GOOD, "onnx-int8": one_missed})
    data = voc_folder([("cat", 1, 1, 40, 40)], [("cat", 1, 1, 40, 40)])
    done = bench(model, "--data", data, "--json", "-")
    assert done.code == 0
    judged = skerry("evaluate", model, "--data", data, "--json", "-").json["variants"]
    for row in done.json["rows"]:
        assert row["accuracy"]["ap50"] == judged[row["variant"]]["ap50"]
        assert row["accuracy"]["images"] == 2
    assert judged["onnx-fp32"]["ap50"] > judged["onnx-int8"]["ap50"]


def test_labelled_pictures_are_what_is_looked_at_where_no_frame_is_named(
    skerry: Run, model: Path, voc_folder: Make
) -> None:
    data = voc_folder([("cat", 1, 1, 40, 40)], [("cat", 1, 1, 40, 40)], width=90, height=70)
    done = skerry("bench", model, "--duration", 0, "--calls", 5, "--data", data, "--json", "-")
    looked_at = done.json["input"]
    assert (looked_at["pictures"], looked_at["width_px"], looked_at["height_px"]) == (2, 90, 70)


def test_data_without_labels_is_refused_before_anything_is_measured(bench: Run, model: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = bench(model, "--data", tmp_path / "empty", "--json", tmp_path / "f.json")
    assert done.code == 2
    assert "empty" in done.err
    assert not (tmp_path / "f.json").exists()


def nothing(_path: Path) -> None:
    """Leave the file away."""


def no_json(path: Path) -> None:
    path.write_bytes(b"\xff not a result")


def something_else(path: Path) -> None:
    path.write_text('{"images": 3, "variants": {}}')


def without_times(path: Path) -> None:
    facts = {"processor": "", "architecture": "", "cores": 1, "memory_mb": 1, "features": [], "system": ""}
    machine = facts | {"board": None, "governor": None, "load_1min": 0}
    row = {"model": "telling", "variant": "onnx-fp32", "backend": "onnx", "threads": 0, "outcome": "measured"}
    looked_at = {"source": "", "pictures": 1, "width_px": 1, "height_px": 1, "sha256": ""}
    result = {"schema": 1, "kind": "skerry-bench", "measured_ms": 0, "versions": {}, "machine": machine}
    path.write_text(json.dumps(result | {"input": looked_at, "rows": [row], "not_measured": {}, "confidence": 0.95}))


def another_schema(path: Path) -> None:
    path.write_text(json.dumps({"schema": 99, "kind": "skerry-bench"}))


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (nothing, "cannot read the earlier result"),
        (no_json, "no result of `skerry bench --json`"),
        (something_else, "no result of `skerry bench --json`"),
        (another_schema, "schema 99, expected 1"),
        (without_times, "has no times"),
    ],
)
def test_an_earlier_result_that_is_none_is_refused(
    bench: Run, model: Path, tmp_path: Path, write: Callable[[Path], None], words: str
) -> None:
    write(tmp_path / "base.json")
    done = bench(model, "--against", tmp_path / "base.json")
    assert done.code == 4
    assert words in done.err


@pytest.fixture
def base(skerry: Run, model: Path, frame: Path, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that measures an earlier result, and changes what it holds as told."""

    def make(change: Callable[[Any], None]) -> Path:
        path = tmp_path / "base.json"
        assert skerry("bench", model, "--frame", frame, "--duration", 0, "--calls", 400, "--json", path).code == 0
        result = json.loads(path.read_text())
        for row in result["rows"]:
            row["disturbed"] = []
            blocks = [value for block in row["blocks_ms"] for value in block]
            row["blocks_ms"] = [blocks[start::8] for start in range(8)]
        change(result)
        path.write_text(json.dumps(result))
        return path

    return make


def times(factor: float) -> Callable[[Any], None]:
    def change(result: Any) -> None:
        for row in result["rows"]:
            row["blocks_ms"] = [[value * factor for value in block] for block in row["blocks_ms"]]

    return change


def test_a_row_that_is_slower_than_before_makes_the_code_1(skerry: Run, model: Path, frame: Path, base: Make) -> None:
    path = base(times(0.1))
    done = skerry("bench", model, "--frame", frame, "--duration", 4, "--against", path, "--json", "-")
    assert done.code == 1
    (change,) = done.json["against"]["changes"]
    assert change["ratio"] > 1
    # On a busy machine it is not called a regression, since it may be the machine's doing.
    assert change["verdict"] == "regression" or "disturbed" in change["reason"]


def test_a_row_that_is_faster_than_before_is_no_failure(skerry: Run, model: Path, frame: Path, base: Make) -> None:
    path = base(times(10.0))
    done = skerry("bench", model, "--frame", frame, "--duration", 4, "--against", path, "--json", "-")
    assert done.code == 0
    assert done.json["against"]["changes"][0]["verdict"] == "improvement"


def other_machine(result: Any) -> None:
    result["machine"]["processor"] = "Another processor"


def other_model(result: Any) -> None:
    result["rows"][0]["model"] = "another"


def other_picture(result: Any) -> None:
    result["input"]["sha256"] = "0"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (other_machine, "a machine with another processor"),
        (other_model, "none of these rows"),
        (other_picture, "looked at other pictures"),
    ],
)
def test_an_earlier_result_of_something_else_is_refused_before_anything_is_measured(
    bench: Run, model: Path, base: Make, change: Callable[[Any], None], words: str
) -> None:
    done = bench(model, "--against", base(change))
    assert done.code == 2
    assert words in done.err


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--json", "{tmp}/no/folder.json"), 4, "there is no such folder"),
        (("--html", "{tmp}"), 2, "this is a folder"),
        (("--csv", "{tmp}/a", "--html", "{tmp}/a"), 2, "written over what --csv writes"),
        (("--json", "{tmp}/a", "--csv", "{tmp}/a"), 2, "written over what --json writes"),
        (("--margin", "3"), 2, "'--margin' does not go with"),
        (("--cfg", "{model}"), 2, "'--cfg' does not go with"),
        (("--peer", "darknet"), 2, "--cfg and --weights"),
        (("--peer", "darknet", "--cfg", "{model}", "--weights", "{tmp}/none"), 2, "does not exist"),
        (("--peer", "onxruntime"), 2, "'onnxruntime'"),
        (("--peer", "opencv", "--peer", "opencv"), 2, "named twice"),
        (("--peer", "litert:onnx-fp32"), 2, "litert does not read this variant"),
        (("--peer", "onnxruntime:onnx-int8"), 2, "no model has such a variant"),
        (("--threads", "2,x"), 2, "no list of numbers"),
        (("--threads", "-1"), 2, "no list of numbers"),
        (("--threads", "999"), 2, "no list of numbers"),
        (("--variants", "onnx-fp23"), 2, "onnx-fp32"),
        (("--variants", "onnx-fp32,"), 2, "holds an empty name"),
        (("--backends", "litert"), 2, "loads none of the variants"),
        (("--frame", "12"), 2, "neither a size nor a picture"),
        (("--duration", "nan"), 2, "not a number"),
    ],
)
def test_options_that_will_not_do_are_refused(
    skerry: Run, model: Path, tmp_path: Path, options: tuple[str, ...], code: int, words: str
) -> None:
    done = skerry("bench", model, *(one.format(tmp=tmp_path, model=model) for one in options))
    assert done.code == code
    assert words in " ".join(done.err.split())


def test_the_earlier_result_is_not_written_over(bench: Run, model: Path, tmp_path: Path) -> None:
    path = tmp_path / "base.json"
    assert bench(model, "--json", path).code == 0
    before = path.read_bytes()
    done = bench(model, "--against", path, "--json", path)
    assert done.code == 2
    assert path.read_bytes() == before

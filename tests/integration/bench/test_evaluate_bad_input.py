"""What `skerry evaluate` says about data, models and options that will not do: the file or row, and the exit code."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skerry_edge.contracts.manifest import Raw

CAT = 0
BOX, BOX_PX = (0.0, 0.0, 0.4, 0.4), (1, 1, 40, 40)
Make = Callable[..., Path]
Run = Callable[..., Any]
GOOD = [[(CAT, 0.9, *BOX)], [(CAT, 0.8, *BOX)]]


@pytest.fixture
def model(telling_bundle: Make) -> Path:
    """A model that finds the cat in both pictures."""
    return telling_bundle(("cat", "dog"), {"onnx-fp32": GOOD})


@pytest.fixture
def data(voc_folder: Make) -> Path:
    """Two pictures with a cat."""
    return voc_folder([("cat", *BOX_PX)], [("cat", *BOX_PX)])


def without_labels(folder: Path) -> None:
    shutil.rmtree(folder / "Annotations")


def without_pictures(folder: Path) -> None:
    shutil.rmtree(folder / "JPEGImages")


def both_kinds(folder: Path) -> None:
    (folder / "labels").mkdir()
    (folder / "labels" / "000.txt").write_text("0 0.5 0.5 0.1 0.1\n")


def one_label_file_missing(folder: Path) -> None:
    (folder / "Annotations" / "001.xml").unlink()


def one_label_file_empty(folder: Path) -> None:
    (folder / "Annotations" / "001.xml").write_bytes(b"")


def unknown_class(folder: Path) -> None:
    path = folder / "Annotations" / "001.xml"
    path.write_text(path.read_text().replace("cat", "cats"))


def label_outside(folder: Path) -> None:
    path = folder / "Annotations" / "001.xml"
    path.write_text(path.read_text().replace("<xmax>40", "<xmax>140"))


def labels_of_another_size(folder: Path) -> None:
    path = folder / "Annotations" / "001.xml"
    path.write_text(path.read_text().replace("<width>100", "<width>200"))


def picture_cut_short(folder: Path) -> None:
    path = folder / "JPEGImages" / "001.png"
    path.write_bytes(path.read_bytes()[:80])


def picture_of_nothing(folder: Path) -> None:
    (folder / "JPEGImages" / "001.png").write_bytes(b"")


@pytest.mark.parametrize(
    ("spoil", "code", "words"),
    [
        (without_labels, 2, ["has no annotations", "expected JPEGImages"]),
        (without_pictures, 4, ["no pictures"]),
        (both_kinds, 2, ["several kinds", "voc", "yolo"]),
        (one_label_file_missing, 4, ["has no annotation", "001.png"]),
        (one_label_file_empty, 4, ["is empty", "001.xml"]),
        (unknown_class, 4, ["did you mean 'cat'?", "001.xml"]),
        (label_outside, 4, ["outside its picture", "001.xml"]),
        (labels_of_another_size, 4, ["another size", "001.xml"]),
        (picture_cut_short, 4, ["does not decode", "001.png"]),
        (picture_of_nothing, 4, ["is empty", "001.png"]),
    ],
)
def test_data_that_will_not_do_is_told_by_its_file_before_anything_is_run(
    skerry: Run, model: Path, data: Path, tmp_path: Path, spoil: Callable[[Path], None], code: int, words: list[str]
) -> None:
    spoil(data)
    outcome = skerry("evaluate", model, "--data", data, "--json", tmp_path / "figures.json")
    assert outcome.code == code
    assert all(word in outcome.err for word in words), outcome.err
    assert not (tmp_path / "figures.json").exists()


def test_every_picture_that_will_not_do_is_named_at_once(skerry: Run, model: Path, data: Path) -> None:
    picture_cut_short(data)
    path = data / "Annotations" / "000.xml"
    path.write_text(path.read_text().replace("<xmax>40", "<xmax>0"))
    outcome = skerry("evaluate", model, "--data", data)
    assert outcome.code == 4
    assert "2 of 2 pictures cannot be used" in outcome.err
    assert "000.xml" in outcome.err
    assert "001.png" in outcome.err


def test_a_folder_that_is_not_there_is_told(skerry: Run, model: Path, tmp_path: Path) -> None:
    outcome = skerry("evaluate", model, "--data", tmp_path / "nowhere")
    assert outcome.code == 4
    assert "nowhere" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--variant", "onnx-fp23"], "did you mean 'onnx-fp32'?"),
        (["--variant", "onnx-fp32,"], "there is no such variant"),
        (["--variant", "onnx-fp32,onnx-fp32"], "named twice"),
        (["--sizes", "big"], "--sizes"),
        (["--threshold", "nan"], "not a number"),
        (["--threshold", "1.5"], "--threshold"),
        (["--refractory", "2"], "does not go with --data"),
        (["--positives", "."], "does not go with --data"),
        (["--json", "."], "folder"),
    ],
)
def test_wrong_usage_has_its_code_and_its_reason(
    skerry: Run, model: Path, data: Path, arguments: list[str], words: str
) -> None:
    outcome = skerry("evaluate", model, "--data", data, *arguments)
    assert outcome.code == 2
    assert words in outcome.err


def test_a_command_that_says_nothing_of_data_is_wrong_usage(skerry: Run, model: Path) -> None:
    outcome = skerry("evaluate", model)
    assert outcome.code == 2
    assert "--positives" in outcome.err


def test_files_that_cannot_be_written_are_told_before_the_work(
    skerry: Run, model: Path, data: Path, tmp_path: Path
) -> None:
    for option in ("--json", "--html"):
        outcome = skerry("evaluate", model, "--data", data, option, tmp_path / "none" / "file")
        assert outcome.code == 4
        assert "no such folder" in outcome.err
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    outcome = skerry("evaluate", model, "--data", data, "--html", pipe)
    assert (outcome.code, pipe.is_fifo()) == (2, True)
    one = tmp_path / "both"
    assert skerry("evaluate", model, "--data", data, "--json", one, "--html", one).code == 2


def test_a_model_that_finds_no_objects_is_refused(skerry: Run, telling_bundle: Make, data: Path) -> None:
    outcome = skerry("evaluate", telling_bundle(("cat",), {"onnx-fp32": GOOD}, output=Raw()), "--data", data)
    assert outcome.code == 2
    assert "its task is other" in outcome.err


def test_a_wake_word_is_no_model_for_pictures(skerry: Run, data: Path) -> None:
    outcome = skerry("evaluate", "alexa", "--data", data)
    assert outcome.code == 2
    assert "is a wake word" in outcome.err


def test_where_nothing_can_be_run_the_code_is_3_and_the_row_still_says_why(
    skerry: Run, telling_bundle: Make, data: Path, tmp_path: Path
) -> None:
    model = telling_bundle(("cat",), {}, raw={"mcu-int8": b"no computer runs this"})
    figures = tmp_path / "figures.json"
    outcome = skerry("evaluate", model, "--data", data, "--json", figures)
    assert outcome.code == 3
    assert "mcu-int8" in outcome.err
    assert '"outcome": "not run"' in figures.read_text()


def test_a_runtime_that_is_not_installed_is_told_with_its_extra(
    skerry: Run, model: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skerry_edge.backends.registry.importlib.util.find_spec", lambda _name: None)
    outcome = skerry("evaluate", model, "--data", data)
    assert outcome.code == 3
    assert "skerry[onnx]" in outcome.err


def test_a_damaged_variant_is_told_in_its_row_and_the_others_are_evaluated(
    skerry: Run, telling_bundle: Make, data: Path, tmp_path: Path
) -> None:
    model = telling_bundle(("cat",), {"onnx-fp32": GOOD}, raw={"onnx-int8": b"this is no network"})
    outcome = skerry("evaluate", model, "--data", data, "--json", "-", "--html", tmp_path / "page.html")
    assert outcome.code == 4
    assert "1 of 2 variants failed" in outcome.err
    broken, whole = outcome.json["variants"]["onnx-int8"], outcome.json["variants"]["onnx-fp32"]
    assert (broken["outcome"], broken["ap50"], whole["ap50"]) == ("failed", None, 1.0)
    assert "0 of 2 pictures done" in broken["reason"]
    assert broken["reason"].replace("'", "&#x27;") in (tmp_path / "page.html").read_text()


def test_an_inference_that_fails_is_no_empty_picture(skerry: Run, telling_bundle: Make, data: Path) -> None:
    no_number = float("nan")
    said = {"onnx-fp32": GOOD, "onnx-int8": [GOOD[0], [(CAT, no_number, *BOX)]]}
    outcome = skerry("evaluate", telling_bundle(("cat",), said), "--data", data, "--json", "-")
    assert outcome.code == 1
    one = outcome.json["variants"]["onnx-int8"]
    assert one["outcome"] == "failed"
    assert "no finite numbers" in one["reason"]


def test_a_network_that_never_answers_is_given_up_and_the_others_are_evaluated(
    skerry: Run, telling_bundle: Make, data: Path
) -> None:
    model = telling_bundle(("cat",), {"onnx-fp32": GOOD, "onnx-int8": GOOD}, endless=["onnx-int8"])
    outcome = skerry("evaluate", model, "--data", data, "--stall", "10", "--json", "-")
    assert outcome.code == 1
    rows = outcome.json["variants"]
    assert "gave nothing for 10 s" in rows["onnx-int8"]["reason"]
    assert "'JPEGImages/000.png'" in rows["onnx-int8"]["reason"]
    assert rows["onnx-fp32"]["ap50"] == 1.0


def test_a_process_that_crashes_is_told_in_its_row(
    skerry: Run, model: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Stands in for a runtime that takes its process along: everything else is the real thing.
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "if any('detection.worker' in one for one in sys.orig_argv): os.kill(os.getpid(), signal.SIGSEGV)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    outcome = skerry("evaluate", model, "--data", data, "--json", "-")
    assert outcome.code == 1
    assert "SIGSEGV" in outcome.json["variants"]["onnx-fp32"]["reason"]


def test_names_that_look_like_markup_are_shown_as_they_are(
    skerry: Run, telling_bundle: Make, voc_folder: Make, tmp_path: Path
) -> None:
    label = "[/red]<script>"
    missed = voc_folder([(label.replace("<", "&lt;"), *BOX_PX)])
    model = telling_bundle((label,), {"onnx-fp32": [[]]})
    page = tmp_path / "page.html"
    outcome = skerry("evaluate", model, "--data", missed, "--html", page)
    assert outcome.code == 0
    assert "<script>" not in page.read_text()
    assert "[/red]&lt;script&gt;" in page.read_text()


def test_a_link_stays_a_link(skerry: Run, model: Path, data: Path, tmp_path: Path) -> None:
    link, file = tmp_path / "link.json", tmp_path / "file.json"
    link.symlink_to(file)
    assert skerry("evaluate", model, "--data", data, "--json", link).code == 0
    assert link.is_symlink()
    assert file.read_text().startswith("{")

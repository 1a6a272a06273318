"""`skerry evaluate` for a wake word, on real recordings."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

Run = Callable[..., Any]


@pytest.fixture
def clip(project_root: Path) -> Path:
    """The demo's recording: a sentence, then "Alexa"."""
    return project_root / "server" / "skerry_server" / "demo" / "data" / "alexa.wav"


@pytest.fixture
def positives(tmp_path: Path, clip: Path) -> Path:
    """A folder with one recording of the word."""
    folder = tmp_path / "positives"
    folder.mkdir()
    shutil.copy(clip, folder / "one.wav")
    return folder


@pytest.fixture
def negatives(tmp_path: Path) -> Path:
    """A folder with two minutes of noise."""
    folder = tmp_path / "negatives"
    folder.mkdir()
    noise = np.random.default_rng(7).integers(-2000, 2000, 60 * 16_000).astype(np.int16)
    for name in ("a.wav", "b.flac"):
        soundfile.write(folder / name, noise, 16_000)
    return folder


def test_recall_and_false_accepts_come_with_their_bounds(skerry: Run, positives: Path, negatives: Path) -> None:
    outcome = skerry("evaluate", "alexa", "--positives", positives, "--negatives", negatives, "--json", "-")
    assert (outcome.code, outcome.err) == (0, "")
    report = outcome.json
    assert (report["word"], report["cutoff"]) == ("Alexa", 0.9)
    heard, false = report["positives"], report["negatives"]
    assert (heard["recordings"], heard["heard"], heard["recall"]) == (1, 1, 1.0)
    assert (heard["low"], heard["high"]) == pytest.approx((0.025, 1.0))
    assert heard["delay"]["counted_from"] == "file start"
    assert 2.9 < heard["delay"]["median_s"] < 4.0
    assert (false["false_accepts"], false["false_accepts_per_hour"]) == (0, 0.0)
    assert false["hours"] == pytest.approx(2 / 60)
    assert (false["low"], false["high"]) == pytest.approx((0.0, 3.689 * 30), abs=0.01)
    assert 0.9 in [point["cutoff"] for point in report["sweep"]]


def test_a_label_says_where_the_word_begins(skerry: Run, positives: Path) -> None:
    without = skerry("evaluate", "alexa", "--positives", positives, "--json", "-").json["positives"]["delay"]
    (positives / "one.txt").write_text("2.5\t3.2\talexa\n")
    delay = skerry("evaluate", "alexa", "--positives", positives, "--json", "-").json["positives"]["delay"]
    assert delay["counted_from"] == "word start"
    assert delay["median_s"] == pytest.approx(without["median_s"] - 2.5)


def test_text_beside_a_recording_without_the_word_is_not_looked_at(skerry: Run, negatives: Path) -> None:
    (negatives / "a.txt").write_text("a transcript of what is said")
    assert skerry("evaluate", "alexa", "--negatives", negatives, "--json", "-").code == 0


def test_a_label_file_that_holds_no_label_leaves_its_recording_out(skerry: Run, positives: Path) -> None:
    (positives / "one.txt").write_text("alexa\n")
    outcome = skerry("evaluate", "alexa", "--positives", positives, "--json", "-")
    assert outcome.code == 4
    assert outcome.json["left_out"][0]["recording"].endswith("one.wav")
    assert outcome.json["positives"]["recall"] is None


def test_real_recordings_are_told_with_those_that_are_damaged(skerry: Run, shared_data: Path, tmp_path: Path) -> None:
    folder, page = shared_data / "wakeword", tmp_path / "page.html"
    arguments = ["--positives", folder / "alexa", "--negatives", folder / "negative"]
    outcome = skerry("evaluate", "alexa", *arguments, "--json", "-", "--html", page)
    assert outcome.code == 4
    assert "2 recordings are in no figure" in outcome.err
    report = outcome.json
    assert sorted(Path(one["recording"]).name for one in report["left_out"]) == ["127.flac", "33.flac"]
    assert report["positives"]["recordings"] == 40
    assert report["positives"]["heard"] >= 39
    assert (report["negatives"]["recordings"], report["negatives"]["false_accepts"]) == (52, 0)
    half = next(point for point in report["sweep"] if point["cutoff"] == 0.5)
    assert half["recall"] >= report["positives"]["recall"]
    html = page.read_text()
    assert html.count("<polyline") == 2
    assert "127.flac" in html


def test_a_person_gets_a_table_and_a_threshold_of_one_s_own(skerry: Run, positives: Path, negatives: Path) -> None:
    outcome = skerry(
        "evaluate",
        "alexa",
        "--positives",
        positives,
        "--negatives",
        negatives,
        "--threshold",
        "0.999",
    )
    assert "scores above 0.999" in outcome.out
    assert "not heard: " in outcome.out
    assert "0 in 2.0 min (2 recordings)" in outcome.out


def test_a_manifest_of_one_s_own_is_a_model(skerry: Run, positives: Path, tmp_path: Path) -> None:
    from skerry_edge.audio.manifest import builtin_manifests

    for suffix in (".json", ".tflite"):
        shutil.copy(builtin_manifests()["alexa"].with_suffix(suffix), tmp_path)
    report = skerry("evaluate", tmp_path / "alexa.json", "--positives", positives, "--json", "-").json
    assert (report["positives"]["heard"], report["negatives"]) == (1, None)


def test_a_recording_too_short_to_judge_is_left_out(skerry: Run, negatives: Path) -> None:
    soundfile.write(negatives / "blip.wav", np.zeros(1000, np.int16), 16_000)
    outcome = skerry("evaluate", "alexa", "--negatives", negatives, "--json", "-")
    assert outcome.code == 4
    (one,) = outcome.json["left_out"]
    assert "too short" in one["reason"]
    assert outcome.json["negatives"]["recordings"] == 2


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["alexxa", "--positives", "positives"], 2, "did you mean 'alexa'?"),
        (["alexa", "--positives", "nowhere"], 4, "no such folder"),
        (["alexa", "--positives", "empty"], 4, "holds no recordings"),
        (["alexa", "--positives", "positives", "--negatives", "positives"], 2, "do not overlap"),
        (["alexa", "--positives", "positives", "--variant", "onnx-fp32"], 2, "does not go with --positives"),
        (["alexa", "--positives", "positives", "--refractory", "nan"], 2, "not a number"),
        (["absent.json", "--positives", "positives"], 4, "absent.json"),
    ],
)
def test_wrong_usage_has_its_code_and_its_reason(
    skerry: Run,
    positives: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    words: str,
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    outcome = skerry("evaluate", *arguments)
    assert outcome.code == code
    assert words in outcome.err

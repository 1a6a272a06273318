"""`skerry bench` on a bundle that the package ships: figures of every variant on the terminal and in files."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from skerry_edge.bench.speed.result import SpeedReport

Run = Callable[..., Any]
QUICK = ("--duration", 0, "--calls", 20)
STAGES = {"preprocess", "inference", "postprocess", "end_to_end"}


@pytest.fixture
def bench(skerry: Run, discs: Path) -> Run:
    """Return a function that runs a quick benchmark of the detector of coloured discs."""
    return lambda *arguments: skerry("bench", discs, *QUICK, *arguments)


def test_every_variant_has_a_row_with_all_its_figures(bench: Run) -> None:
    done = bench("--json", "-")
    assert done.code == 0
    report = msgspec.json.decode(done.out, type=SpeedReport)
    assert [row.variant for row in report.rows] == ["onnx-fp32", "tflite-fp32"]
    for row in report.rows:
        assert row.outcome == "measured"
        assert set(row.stages_ms) == STAGES
        assert row.calls == sum(map(len, row.blocks_ms)) >= 20
        assert row.cold_start is not None
        assert min(row.cold_start.import_ms, row.cold_start.load_ms, row.cold_start.first_ms) > 0
        assert row.peak_memory_mb is not None
        assert 20 < row.peak_memory_mb < 2000
        assert row.size_bytes is not None
        assert row.size_bytes > 10_000


def test_quantiles_are_those_of_all_the_calls_that_are_kept(bench: Run) -> None:
    report = msgspec.json.decode(bench("--json", "-", "--variants", "onnx-fp32").out, type=SpeedReport)
    (row,) = report.rows
    kept = sorted(value for block in row.blocks_ms for value in block)
    assert row.stages_ms["end_to_end"].max == pytest.approx(kept[-1], abs=1e-3)
    assert row.stages_ms["end_to_end"].p50 == pytest.approx(kept[(len(kept) + 1) // 2 - 1], abs=1e-3)


def test_rows_are_variants_by_threads(bench: Run) -> None:
    report = bench("--json", "-", "--threads", "1,2", "--variants", "tflite-fp32").json
    assert [(row["variant"], row["threads"]) for row in report["rows"]] == [("tflite-fp32", 1), ("tflite-fp32", 2)]


def test_a_wake_word_by_its_name_is_timed_beside_a_bundle(bench: Run) -> None:
    pytest.importorskip("pymicro_wakeword", reason="the extra 'wakeword' is not installed")
    report = bench("alexa", "--json", "-", "--variants", "tflite-fp32,tflite-int8").json
    assert [(row["model"], row["variant"], row["outcome"]) for row in report["rows"]] == [
        ("discs", "tflite-fp32", "measured"),
        ("alexa", "tflite-int8", "measured"),
    ]
    assert set(report["rows"][1]["stages_ms"]) == STAGES


def test_the_figures_go_to_json_csv_and_a_page_at_once(bench: Run, tmp_path: Path) -> None:
    done = bench("--json", tmp_path / "f.json", "--csv", tmp_path / "f.csv", "--html", tmp_path / "f.html")
    assert done.code == 0
    report = msgspec.json.decode((tmp_path / "f.json").read_bytes(), type=SpeedReport)
    rows = list(csv.DictReader((tmp_path / "f.csv").open()))
    assert [row["variant"] for row in rows] == [row.variant for row in report.rows]
    assert float(rows[0]["end_to_end_p50_ms"]) == report.rows[0].stages_ms["end_to_end"].p50
    page = (tmp_path / "f.html").read_text()
    assert page.count("<svg") == 2
    assert all(row.variant in page for row in report.rows)


def test_the_terminal_shows_times_costs_and_the_machine(bench: Run) -> None:
    out = bench().out
    assert all(
        word in out for word in ("onnx-fp32", "tflite-fp32", "p99", "peak MB", "Measured on", "seed 0, 1280x720")
    )

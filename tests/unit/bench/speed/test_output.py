"""A benchmark as a table of values, as a page, and in words."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from rich.console import Console

from skerry_edge.bench.evaluation.detection.figures import Difference
from skerry_edge.bench.speed.csv_lines import csv_lines
from skerry_edge.bench.speed.page import render_page
from skerry_edge.bench.speed.result import Accuracy, Against, Change, Conditions, PeerFigures, Row, SpeedReport
from skerry_edge.bench.speed.terminal import notes, tables

NAME = "<b>[red]name"


@pytest.fixture
def full(measured_row: Callable[..., Row], report: Callable[..., SpeedReport]) -> SpeedReport:
    """A report of which every part has something to tell."""
    peer = PeerFigures(
        peer="opencv", outcome="measured", computes="onnx-fp32", peer_ms=78.5, ours_ms=10, ratio=7.85, low=7.7, high=8.0
    )
    missing = PeerFigures(peer="darknet", outcome="not run", reason="Darknet's library is not installed")
    row = measured_row(
        peers=(peer, missing),
        accuracy=Accuracy(
            ap50=0.951,
            ap50_low=0.94,
            ap50_high=0.96,
            coco_ap=0.7,
            images=1000,
            baseline="onnx-fp32",
            against_baseline=Difference(difference=-0.004, low=-0.006, high=-0.001),
        ),
        disturbed=("the processor was throttled",),
    )
    failed = measured_row(variant=NAME, outcome="failed", reason="the process crashed", blocks_ms=(), stages_ms={})
    change = Change(
        model="signs", variant="tflite-int8", backend="litert", threads=2, verdict="not compared", reason="too few"
    )
    against = Against(base="base.json", margin=0.05, changes=(change,), differences=("skerry was 1, is 2",))
    return report(row, failed, not_measured={"energy_mj": "no counter"}, against=against)


def told(report: SpeedReport) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    for table in tables(report):
        console.print(table)
    return console.export_text() + "\n".join(notes(report))


@pytest.mark.parametrize(
    "words",
    [
        "0.951 (0.940 to 0.960)",
        "tflite-int8, 2 threads beside opencv (onnx-fp32)",
        "7.7 to 8",
        "darknet not run: Darknet's library is not installed",
        "failed: the process crashed",
        "disturbed: the processor was throttled",
        "not compared: too few",
        "energy (no counter)",
        "skerry was 1, is 2",
        "A board, A processor, 4 cores",
    ],
)
def test_terminal_and_page_tell_everything(full: SpeedReport, words: str) -> None:
    assert words in told(full)
    assert words.replace("'", "&#x27;") in render_page(full)


def test_names_that_look_like_markup_are_shown_as_they_are(full: SpeedReport) -> None:
    assert NAME in told(full)
    page = render_page(full)
    assert NAME not in page
    assert "&lt;b&gt;[red]name" in page


def test_a_report_without_any_figures_is_still_a_page(measured_row, report) -> None:
    nothing = report(measured_row(outcome="not run", reason="no backend", blocks_ms=(), stages_ms={}))
    assert "no backend" in render_page(nothing)
    assert "no backend" in told(nothing)


def test_a_line_has_every_figure_under_the_name_of_its_field(full: SpeedReport) -> None:
    measured, failed = csv.DictReader(io.StringIO(csv_lines(full)))
    assert (measured["model"], measured["threads"], measured["calls"]) == ("signs", "2", "24")
    assert float(measured["end_to_end_p50_ms"]) == 10.0
    assert measured["accuracy_ap50"] == "0.951"
    difference = [measured[f"accuracy_against_baseline_{name}"] for name in ("difference", "low", "high")]
    assert difference == ["-0.004", "-0.006", "-0.001"]
    assert measured["disturbed"] == "the processor was throttled"
    assert (failed["outcome"], failed["reason"], failed["end_to_end_p50_ms"]) == ("failed", "the process crashed", "")


def test_a_row_that_was_held_against_no_baseline_leaves_its_cells_empty(measured_row, report) -> None:
    accuracy = Accuracy(ap50=0.95, ap50_low=0.94, ap50_high=0.96, coco_ap=0.7, images=1000)
    (line,) = csv.DictReader(io.StringIO(csv_lines(report(measured_row(accuracy=accuracy)))))
    assert line["accuracy_ap50"] == "0.95"
    assert line["accuracy_against_baseline_low"] == ""


def test_what_the_machine_told_of_itself_stands_in_a_table_and_what_it_did_not_is_no_zero(measured_row, report) -> None:
    conditions = Conditions(
        load_1min=0.1,
        others_share=0.01,
        steal_share=0.0,
        temperature_c=61.0,
        clock_mhz=2400.0,
        throttled=False,
        energy_mj=None,
    )
    found = told(report(measured_row(conditions=conditions)))
    assert "Conditions" in found
    assert all(words in found for words in ("61", "2,400", "not measured"))


def test_a_machine_that_tells_nothing_has_no_such_table(measured_row, report) -> None:
    nothing = dict.fromkeys(("temperature_c", "clock_mhz", "throttled", "energy_mj"))
    conditions = Conditions(load_1min=0.1, others_share=0.01, steal_share=0.0, **nothing)
    assert "Conditions" not in told(report(measured_row(conditions=conditions)))

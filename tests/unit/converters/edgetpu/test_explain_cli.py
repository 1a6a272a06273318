"""What `--explain edgetpu` shows to people."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from rich.console import Console

from skerry_converters.edgetpu.explain_cli import print_explanation
from skerry_converters.edgetpu.predict import explain_model


def _shown(one: Any) -> str:
    console = Console(file=io.StringIO(), width=160)
    print_explanation(explain_model(one.model(), where="x"), console, title="net.tflite")
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def test_every_operator_has_a_line_with_where_it_runs_and_why(sketch: Callable[[], Any]) -> None:
    one = sketch()
    one.convolution(one.add("LEAKY_RELU", [one.convolution(one.tensor([1, 8, 8, 4]))], [1, 8, 8, 4]))

    text = _shown(one)

    lines = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if line.startswith("│")]
    assert [cells[:4] for cells in lines] == [
        ["0", "CONV_2D", "50.0%", "Edge TPU"],
        ["1", "LEAKY_RELU", "", "CPU"],
        ["2", "CONV_2D", "50.0%", "CPU"],
    ]
    assert "PRELU" in lines[1][4]
    assert "it comes after LEAKY_RELU 1" in lines[2][4]


def test_the_sums_stand_below(sketch: Callable[[], Any]) -> None:
    one = sketch()
    one.convolution(one.tensor([1, 8, 8, 4]))

    text = _shown(one)

    assert "1 of 1 operators run on the Edge TPU, 100.0% of the multiply-accumulates" in text
    assert "fit the 8 MiB on the chip" in text


def test_markup_in_a_name_of_the_file_stays_text(sketch: Callable[[], Any]) -> None:
    one = sketch()
    one.add("CUSTOM", [one.tensor([1, 4])], [1, 4], custom="[red]op[/red]")

    assert "[red]op[/red]" in _shown(one)

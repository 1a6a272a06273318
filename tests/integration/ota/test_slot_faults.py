"""The bounded version of `make chaos SUITE=ota ARGS=slots`: the agent's slots struck here and there, in every way."""

from __future__ import annotations

from pathlib import Path

from chaos import ota_slot_cells
from chaos.ota_cells import try_cells


def test_an_agent_that_is_struck_anywhere_ends_whole_in_the_slot_that_it_says(tmp_path: Path) -> None:
    cells = list(ota_slot_cells.cells())
    # A step that is no divisor of the rows: over the table, each row is met at many of its columns.
    some = {cell.name: cell for cell in [*{cell.row: cell for cell in cells}.values(), *cells[::131]]}
    report = try_cells(some.values(), tmp_path, print)
    assert report.lost == ()
    assert {row for _, row in report.endings} == {cell.row for cell in cells}

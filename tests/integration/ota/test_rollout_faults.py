"""The rollout table of `make chaos SUITE=ota`: a server killed or away, answers that come twice and out of order."""

from __future__ import annotations

from pathlib import Path

from chaos import ota_rollout_cells
from chaos.ota_cells import Cell, try_cells


def test_a_rollout_ends_right_whenever_the_server_is_killed_and_however_answers_arrive(tmp_path: Path) -> None:
    rows: dict[str, list[Cell]] = {}
    for cell in ota_rollout_cells.cells():
        rows.setdefault(cell.row, []).append(cell)
    # Of each row the first, which is of the good release, and the last, of the bad one.
    report = try_cells([cell for row in rows.values() for cell in (row[0], row[-1])], tmp_path, print)
    assert report.lost == ()
    assert len(report.endings) == len(rows) == 10
    assert report.accepted == 20

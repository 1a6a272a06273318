"""The bounded version of `make chaos SUITE=ota`: each attack and each bad server, where it is hardest."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
from chaos import ota_attack_cells, ota_disk_cells, ota_transfer_cells
from chaos.ota_cells import Cell, try_cells

ATTACKS = [
    cell
    for cell in ota_attack_cells.cells()
    if cell.column in ("clock not set, caches emptied", "clock in 2100, goes on")
]
"""With nothing but the floors and the signed time to go by."""
FILES = ("timestamp", "file and patch")
TRANSFERS = [cell for cell in ota_transfer_cells.cells() if cell.column in FILES or cell.row == "endless"]


@pytest.mark.parametrize("cell", ATTACKS, ids=lambda cell: cell.name)
def test_an_attack_is_refused_with_its_reason_and_touches_nothing(cell: Cell, tmp_path: Path) -> None:
    cell.run(tmp_path)


@pytest.mark.parametrize("cell", TRANSFERS, ids=lambda cell: cell.name)
def test_a_bad_server_costs_time_and_nothing_else(cell: Cell, tmp_path: Path) -> None:
    cell.run(tmp_path)


def test_a_disk_that_fails_and_a_kill_at_any_change_leave_the_old_or_the_new_whole(tmp_path: Path) -> None:
    # Each fault in turn, and every fourth change of the disk: `make chaos SUITE=ota` has them all.
    report = try_cells(islice(ota_disk_cells.cells(), 0, None, 4), tmp_path, print)
    assert report.lost == ()
    assert set(report.endings) == {("disk", row) for row in ("no space", "read-only", "kill -9")}

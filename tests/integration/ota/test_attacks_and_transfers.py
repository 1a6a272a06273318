"""The bounded version of `make chaos SUITE=ota`: each attack and each bad server, where it is hardest."""

from __future__ import annotations

from pathlib import Path

import pytest
from chaos import ota_attack_cells, ota_transfer_cells
from chaos.ota_cells import Cell

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

"""The table of the publisher, cut off at each file that it writes: every cell of it, since they are quick."""

from __future__ import annotations

from chaos import ota_publisher_cells
from chaos.ota_cells import try_cells


def test_a_publisher_that_is_cut_off_anywhere_leaves_what_devices_can_use(tmp_path):
    report = try_cells(ota_publisher_cells.cells(), tmp_path, print)
    assert report.lost == ()
    assert report.accepted == 44
    ends = {row: set(endings) for (_, row), endings in report.endings.items()}
    assert ends.pop("publish") == {"old", "new"}
    assert set().union(*ends.values()) == {"old"}

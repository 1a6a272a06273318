"""The bounded version of `make chaos SUITE=ota`: the update machine struck here and there, in every way there is."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from chaos import ota_machine_cells
from chaos.ota_cells import try_cells


def test_a_device_that_is_struck_anywhere_ends_whole_on_the_version_that_it_says(tmp_path: Path) -> None:
    # A step that is no divisor of the rows: over the table, each row is met at many of its columns.
    report = try_cells(islice(ota_machine_cells.cells(), 0, None, 61), tmp_path, print)
    assert report.lost == ()
    assert report.accepted > 30

"""The bounded version of `make chaos SUITE=ota`: the update machine struck here and there, in every way there is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from chaos import ota_machine_cells, ota_process_cells, ota_state_cells
from chaos.ota_cells import try_cells, working_folder
from chaos.ota_scenarios import BAD


@pytest.fixture
def folder() -> Iterator[Path]:
    with working_folder() as found:
        yield found


def test_a_device_that_is_struck_at_any_write_ends_whole_on_the_version_that_it_says(folder: Path) -> None:
    # A step that is no divisor of the rows: over the table, each row is met at many of its columns.
    report = try_cells(islice(ota_machine_cells.cells(), 0, None, 89), folder, print)
    assert report.lost == ()
    assert {row for _, row in report.endings} == {*ota_machine_cells.AT_WRITES, "power cut"}


def test_a_device_that_is_struck_in_any_state_ends_as_that_state_has_it(folder: Path) -> None:
    report = try_cells(islice(ota_state_cells.cells(), 0, None, 13), folder, print)
    assert report.lost == ()
    assert {row for _, row in report.endings} == set(ota_state_cells.ROWS)


def test_power_cuts_are_lost_where_no_folder_is_synchronised(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in list(sys.modules.values()):
        if module.__name__.startswith("skerry_edge.") and hasattr(module, "sync_directory"):
            monkeypatch.setattr(module, "sync_directory", lambda _path: None)
    careless = replace(BAD, name="a bad release, no folder synchronised")
    report = try_cells(islice(ota_machine_cells.power_cuts(careless), 0, None, 7), folder, print)
    assert report.lost != ()


def test_an_update_goes_on_after_the_kill_of_its_worker_or_of_the_agent_with_it(folder: Path) -> None:
    rows = {"worker killed": "verify", "worker's group killed": "self-test", "agent killed": "download"}
    cells = [one for one in ota_process_cells.cells() if one.column == f"in {rows[one.row]}"]
    report = try_cells(cells, folder, print)
    assert report.lost == ()
    assert {row for _, row in report.endings} == set(ota_process_cells.KILLS)

"""The rollout table of `make chaos SUITE=ota`: a server killed around its writes, answers twice and out of order."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from chaos import ota_rollout_cells
from chaos.ota_cells import try_cells


def test_a_rollout_ends_right_whenever_the_server_is_killed_and_however_answers_arrive(tmp_path: Path) -> None:
    report = try_cells(islice(ota_rollout_cells.cells(), 0, None, 2), tmp_path, print)
    assert report.lost == ()
    assert report.accepted == 11

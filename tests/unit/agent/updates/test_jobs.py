"""What the update worker is told."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from skerry_edge.agent.updates.jobs import job_of
from skerry_edge.ota.settings import OtaSettings

SETTINGS = OtaSettings(mirrors=("/none",))


@pytest.mark.parametrize("is_at_hand", [False, True])
def test_whether_an_order_was_given_here_is_said_and_not_guessed_by_its_settings(
    is_at_hand: bool, tmp_path: Path
) -> None:
    config: Any = SimpleNamespace(ota=SETTINGS, board="raspberry-pi-5")
    job = job_of(config, replace(SETTINGS), tmp_path, order="r1", is_at_hand=is_at_hand)
    assert job.is_at_hand is is_at_hand

"""The recipe of the shipped model, run for a few minutes from its seed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_converters.training.cli import EXAMPLES, RECIPES

LENGTHS = ("2000", "100")
CHANCE = 0.05
"""Far above what guessing gives: each box would have to lie right and name one of 20 classes."""


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_recipe_cut_short_lowers_the_loss_and_lands_above_chance(
    skerry: Callable[..., object], losses: Callable[[Path], list[float]], tmp_path: Path
) -> None:
    text = (RECIPES / EXAMPLES["signs"]).read_text(encoding="utf-8")
    lengths = iter(LENGTHS)
    short, count = re.subn(r"^steps = \d+$", lambda _: f"steps = {next(lengths)}", text, flags=re.MULTILINE)
    assert count == len(LENGTHS)
    config = tmp_path / "short.toml"
    config.write_text(short, encoding="utf-8")
    done = skerry("train", "--config", config, "--out", tmp_path / "run", "--json")
    assert done.code == 0, done.err
    first, *_ = losses(tmp_path / "run")
    of_the_first_stage = losses(tmp_path / "run")[-3]
    assert of_the_first_stage < 0.7 * first
    assert json.loads(done.out)["ap50"] > CHANCE

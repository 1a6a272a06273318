"""A training's configuration: what is refused, and where the error says it stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from skerry_converters.training.cli import EXAMPLES, RECIPES
from skerry_converters.training.config import FolderData, RenderedData, RunPart, TrainingConfig
from skerry_converters.training.config_checks import fingerprint, load_config
from skerry_edge.foundation.errors import ConfigError, ReachError

GOOD = """\
name = "mine"
[data]
kind = "rendered"
[[stages]]
side_px = 224
steps = 10
"""


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str], TrainingConfig]:
    def loaded(text: str) -> TrainingConfig:
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        return load_config(path)

    return loaded


def test_a_short_configuration_is_enough(load: Callable[[str], TrainingConfig]) -> None:
    config = load(GOOD)
    assert config.network.side_px == 416
    assert isinstance(config.data, RenderedData)


@pytest.mark.parametrize(
    ("before", "after", "line", "word"),
    [
        ("steps = 10", "step = 10", 6, "did you mean 'steps'"),
        ("side_px = 224", "side_px = 220", 5, "multiple of 32"),
        ("steps = 10", "steps = 10\nzoom = [1.5, 1.0]", 7, "smaller end"),
        ("steps = 10", "minutes = 1\nsteps = 10", 4, "either 'steps' or 'minutes'"),
        ("steps = 10", "", 4, "either 'steps' or 'minutes'"),
        ("steps = 10", "steps = 10\n[[stages]]\nside_px = 416\nminutes = 3", 7, "in one unit"),
        ("steps = 10", "steps = 10\n[pool]\ncapacity = 50\nfirst = 51", 9, "more pictures than are kept"),
        ("steps = 10", "steps = 10\n[augmentation]\nflip = true", 8, "must not be mirrored"),
        ('kind = "rendered"', 'kind = "rendered"\nsign_px = [90.0, 20.0]', 4, "smaller end"),
        ("steps = 10", "steps = 10\n[network]\nanchors = [[1.0, 0.0]]", 8, "> 0"),
        ("steps = 10", "steps = 10\n[network]\nanchors = []", 8, "length >= 1"),
        ("steps = 10", "steps = 10\n[learning]\nrate = nan", 8, "rate"),
        ('kind = "rendered"', 'kind = "folder"', 2, "missing required field `path`"),
        ('kind = "rendered"', 'kind = "video"', 3, "video"),
        ('name = "mine"', 'name = "../mine"', 1, "regex"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_line(
    load: Callable[[str], TrainingConfig], before: str, after: str, line: int, word: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        load(GOOD.replace(before, after))
    assert f"mine.toml, line {line}" in str(raised.value)
    assert word in str(raised.value)


def test_a_configuration_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReachError, match=r"nowhere\.toml"):
        load_config(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("file", EXAMPLES.values())
def test_the_examples_are_good_configurations(file: str) -> None:
    assert load_config(RECIPES / file).stages


def test_all_that_an_example_leaves_to_its_default_stands_there_as_it_is(tmp_path: Path) -> None:
    """The commented keys of the example, switched on, change nothing."""
    text = (RECIPES / EXAMPLES["finetune"]).read_text(encoding="utf-8")
    told = "".join(f"{line.removeprefix('# ')}\n" if _is_setting(line) else f"{line}\n" for line in text.splitlines())
    path = tmp_path / "told.toml"
    path.write_text(told, encoding="utf-8")
    plain, full = load_config(RECIPES / EXAMPLES["finetune"]), load_config(path)
    assert isinstance(full.data, FolderData)
    assert full.network.width == 1.0
    assert full.network.anchors == 5
    assert full.run.threads == 2
    unset = replace(full, network=replace(full.network, width=None, anchors=None), run=replace(full.run, threads=None))
    assert unset == plain


def _is_setting(line: str) -> bool:
    body = line.removeprefix("# ")
    key = body.split(" = ")[0]
    return line.startswith("# ") and key.isidentifier() and " = " in body


def test_the_fingerprint_is_of_what_decides_the_result(load: Callable[[str], TrainingConfig]) -> None:
    config = load(GOOD)
    own = fingerprint(config, ["a", "b"])
    assert own == fingerprint(replace(config, run=RunPart(save_minutes=1, producers=7)), ["a", "b"])
    assert own != fingerprint(replace(config, seed=1), ["a", "b"])
    assert own != fingerprint(config, ["b", "a"])

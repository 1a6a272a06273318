"""What somebody drew on the preview's page, as lines of the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from skerry_edge.agent.config.checks import load_config
from skerry_edge.agent.preview.areas import drawn_area
from skerry_edge.foundation.errors import ConfigError

AGENT = """\
site = "garden"
device = "cam-1"
board = "generic-x86"
[mqtt]
url = "mqtt://127.0.0.1:1883"
[[pipelines]]
kind = "detection"
name = "gate"
model = "skerry-signs"
source = { kind = "images", path = "pictures" }
"""
CORNERS = "0.1,0.2;0.9,0.2;0.5,0.8"


@pytest.mark.parametrize("kind", ["zone", "mask"])
def test_what_is_copied_fits_into_a_configuration_as_it_is(tmp_path: Path, kind: str) -> None:
    drawn = drawn_area(kind, "drive", CORNERS)
    assert drawn.fault is None
    (tmp_path / "agent.toml").write_text(AGENT + drawn.toml)
    (pipeline,) = load_config(tmp_path / "agent.toml").pipelines
    (area,) = getattr(pipeline, f"{kind}s")
    assert area.points == ((0.1, 0.2), (0.9, 0.2), (0.5, 0.8))
    assert getattr(area, "name", "drive") == "drive"


@pytest.mark.parametrize(
    ("kind", "name", "corners", "told"),
    [
        ("zone", "drive", "", "0 corners"),
        ("mask", "", "0.1,0.2;0.9,0.2", "at least 3"),
        ("mask", "", "0.1,0.1;0.9,0.9;0.9,0.1;0.1,0.9", "cross"),
        ("zone", "The Drive", CORNERS, "a-z"),
        ("zone", "", CORNERS, "a-z"),
    ],
)
def test_what_is_not_finished_says_why(kind: str, name: str, corners: str, told: str) -> None:
    fault = drawn_area(kind, name, corners).fault
    assert fault is not None
    assert told in fault


@pytest.mark.parametrize(
    ("kind", "corners"),
    [
        ("area", CORNERS),
        ("zone", "0.1"),
        ("zone", "a,b"),
        ("zone", "0.1,1.2"),
        ("zone", "nan,0.5"),
        ("mask", ";".join(["0.1,0.1"] * 65)),
    ],
)
def test_what_no_page_of_ours_asks_is_refused(kind: str, corners: str) -> None:
    with pytest.raises(ConfigError):
        drawn_area(kind, "drive", corners)

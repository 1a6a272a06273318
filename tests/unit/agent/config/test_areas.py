"""Zones, masks, labels and limits in the configuration, and how what is wrong with them is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from skerry_edge.agent.config.areas import label_problem
from skerry_edge.agent.config.checks import load_config
from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.preflight import find_troubles
from skerry_edge.foundation.errors import ConfigError

HEAD = """\
site = "garden"
device = "cam-1"
board = "generic-x86"
[mqtt]
url = "mqtt://127.0.0.1:1883"
[[pipelines]]
kind = "detection"
name = "gate"
model = "{model}"
source = {{ kind = "images", path = "pictures" }}
"""
ZONE = """\
[[pipelines.zones]]
name = "drive"
points = [[0.0, 0.5], [1.0, 0.5], [1.0, 1.0]]
"""


def load(folder: Path, text: str, model: str = "skerry-signs") -> DetectionPipeline:
    (folder / "agent.toml").write_text(HEAD.format(model=model) + text)
    (pipeline,) = load_config(folder / "agent.toml").pipelines
    assert isinstance(pipeline, DetectionPipeline)
    return pipeline


def test_every_part_can_be_given(tmp_path: Path) -> None:
    pipeline = load(
        tmp_path,
        'labels = ["person", "car"]\nanchor = "centre"\nlimits = { person = { min_score = 0.6, min_area = 0.01 } }\n'
        'events = { min_duration_s = 0.5, zones = ["drive"] }\ntracking = { lost_after_s = 1.0 }\nmotion = {}\n'
        'privacy = { blur = "inside", labels = ["face"] }\n'
        + ZONE
        + 'labels = ["car"]\n[[pipelines.masks]]\npoints = [[0.0, 0.0], [1.0, 0.0], [0.5, 0.2]]\n',
    )
    assert pipeline.zones[0].labels == ("car",)
    assert pipeline.limits["person"].min_score == 0.6
    assert pipeline.motion is not None
    assert pipeline.events.zones == ("drive",)


def test_nothing_of_it_must_be_given(tmp_path: Path) -> None:
    pipeline = load(tmp_path, "")
    assert (pipeline.motion, pipeline.privacy, pipeline.zones, pipeline.snapshot) == (None, None, (), False)


def test_the_parts_that_the_example_leaves_out_are_valid_where_they_are_taken_in(tmp_path: Path, skerry) -> None:
    example = skerry("agent", "example-config").out
    parts = example[example.index("[pipelines.events]") : example.index("[[pipelines]]", example.index("kind ="))]
    assert parts.count("\n# [") >= 5
    pipeline = load(tmp_path, parts.replace("\n# ", "\n"))
    assert pipeline.motion is not None
    assert pipeline.privacy is not None
    assert [zone.name for zone in pipeline.zones] == ["drive"]
    assert "stop" in pipeline.limits


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (ZONE.replace(", [1.0, 1.0]", ""), ["line 13", "zones[0].points", "2 corners"]),
        (ZONE.replace("[1.0, 1.0]", "[1.0, 1.1]"), ["zones[0].points", "<= 1.0"]),
        (ZONE.replace("[1.0, 1.0]", "[-0.1, 1.0]"), ["zones[0].points", ">= 0.0"]),
        (ZONE.replace("[1.0, 1.0]]", "[0.0, 1.0], [0.5, 0.2]]"), ["zones[0].points", "cross"]),
        (ZONE.replace("[1.0, 1.0]", "[0.2, 0.5]"), ["zones[0].points", "one line"]),
        (ZONE.replace("[1.0, 1.0]", "[1.0]"), ["zones[0].points"]),
        ("[[pipelines.masks]]\npoints = [[0.0, 0.0], [1.0, 1.0]]\n", ["masks[0].points", "2 corners"]),
        (ZONE + ZONE, ["line 15", "zones[1].name", "'drive'"]),
        (ZONE.replace('"drive"', '"The Drive"'), ["zones[0].name"]),
        ('events = { zones = ["drvie"] }\n' + ZONE, ["events.zones", "did you mean 'drive'"]),
        ('events = { zones = ["drive"] }\n', ["events.zones", "none"]),
        ("limits = { car = { min_area = 0.5, max_area = 0.1 } }\n", ["limits.car", "min_area 0.5"]),
        ('labels = ["car"]\nlimits = { cra = {} }\n', ["limits.cra", "did you mean 'car'"]),
        ('labels = ["car"]\n' + ZONE + 'labels = ["dog"]\n', ["zones[0].labels", "'dog'"]),
        ("motion = { min_difference = 0 }\n", ["motion.min_difference"]),
        ("tracking = { min_iou = 1.0 }\n", ["tracking.min_iou"]),
        ("events = { better_by = 0 }\n", ["events.better_by"]),
        ('privacy = { blur = "all" }\n', ["privacy.blur"]),
        ("hold_s = 2.0\n", ["hold_s", "unknown key"]),
        ('anchor = "head"\n', ["anchor"]),
    ],
)
def test_what_is_wrong_is_named_with_line_and_key(tmp_path: Path, text: str, told: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    for part in told:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        'labels = ["red disk"]\n',
        'limits = { "red disk" = {} }\n',
        ZONE + 'labels = ["red disk"]\n',
        'privacy = { blur = "inside", labels = ["red disk"] }\n',
    ],
)
def test_a_label_that_the_model_at_hand_does_not_know_is_a_trouble(tmp_path: Path, discs: Path, text: str) -> None:
    pipeline = load(tmp_path, text, model=str(discs))
    problem = label_problem(pipeline, ("red disc", "blue disc"))
    assert problem is not None
    (tmp_path / "pictures").mkdir()
    (trouble,) = find_troubles(load_config(tmp_path / "agent.toml"))
    assert trouble.text == "the model knows no such label; found 'red disk'; did you mean 'red disc'?"

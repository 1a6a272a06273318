"""What may be set from afar, and what it makes of the device's file."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from skerry_edge.agent.config.pipelines import PipelineConfig
from skerry_edge.agent.downlink.remote_config import OF_A_PIPELINE, OF_A_WORD, OF_THE_AGENT, merged
from skerry_edge.foundation.errors import ConfigError

DOOR = {"name": "door", "points": [[0, 0], [1, 0], [1, 1]]}
NAME = "desired version 7"


def test_no_patch_changes_nothing(config) -> None:
    assert merged(config, {}, name=NAME) == config


def test_what_decides_what_is_reported_can_be_set_and_the_rest_stays(config) -> None:
    patch = {
        "log_level": "DEBUG",
        "pipelines": {
            "gate": {"score_threshold": 0.9, "zones": [DOOR], "tracking": {"lost_after_s": 5}},
            "ear": {"words": {"alexa": {"cutoff": 0.5}}},
        },
    }
    changed = merged(config, patch, name=NAME)
    gate, bath, ear, beat = changed.pipelines
    assert (changed.log_level, gate.score_threshold, gate.zones[0].name) == ("DEBUG", 0.9, "door")
    assert (gate.tracking.lost_after_s, gate.tracking.min_iou) == (5, config.pipelines[0].tracking.min_iou)
    assert (ear.words[0].model, ear.words[0].cutoff) == ("alexa", 0.5)
    assert (bath, beat, gate.model) == (config.pipelines[1], config.pipelines[3], "skerry-signs")
    assert changed.mqtt == config.mqtt


def test_null_means_the_default_and_a_list_is_replaced_whole(config) -> None:
    first = merged(config, {"pipelines": {"gate": {"zones": [DOOR, {**DOOR, "name": "path"}]}}}, name=NAME)
    second = merged(first, {"pipelines": {"gate": {"zones": [DOOR], "score_threshold": None}}}, name=NAME)
    assert [zone.name for zone in second.pipelines[0].zones] == ["door"]
    assert second.pipelines[0].score_threshold is None


@pytest.mark.parametrize("key", ["site", "device", "board", "mqtt", "state_dir", "outbox"])
def test_who_the_device_is_and_where_it_reports_cannot_be_set(config, key: str) -> None:
    with pytest.raises(ConfigError, match=f"cannot be set from afar; in desired version 7; found '{key}'"):
        merged(config, {key: "anything"}, name=NAME)


@pytest.mark.parametrize("key", ["model", "source", "backends", "threads", "snapshot", "privacy", "name"])
def test_paths_programs_and_what_leaves_as_a_picture_cannot_be_set(config, key: str) -> None:
    with pytest.raises(ConfigError, match=f"pipeline 'gate'; found '{key}'"):
        merged(config, {"pipelines": {"gate": {key: True}}}, name=NAME)


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        ({"pipelines": {"gat": {}}}, "no such pipeline; in desired version 7; found 'gat'; did you mean 'gate'?"),
        ({"pipelines": ["gate"]}, "'pipelines' must be a table"),
        ({"pipelines": {"gate": 3}}, "'pipelines' must be a table"),
        ({"pipelines": {"gate": {"zones": [{**DOOR, "colour": 1}]}}}, r"key 'zones\[0\].colour'"),
        ({"pipelines": {"gate": {"zones": [{**DOOR, "points": [[0, 0], [1, 4]]}]}}}, r"zones\[0\].points\[1\]\[1\]"),
        ({"pipelines": {"gate": {"zones": [{**DOOR, "points": [[0, 0]]}]}}}, "no area"),
        ({"pipelines": {"gate": {"score_threshold": "high"}}}, "pipeline 'gate', key 'score_threshold'"),
        ({"pipelines": {"ear": {"words": {"alexa": {"model": "/etc/passwd"}}}}}, "word 'alexa'; found 'model'"),
        ({"pipelines": {"ear": {"words": {"alexis": {}}}}}, "no such word; .*did you mean 'alexa'"),
        ({"log_level": "LOUD"}, "key 'log_level'"),
        ({"heartbeat_interval_s": 0}, "key 'heartbeat_interval_s'"),
        ({"log_levl": "DEBUG"}, "did you mean 'log_level'"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(config, patch: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        merged(config, patch, name=NAME)


@pytest.mark.parametrize("kind", list(OF_A_PIPELINE))
def test_every_key_that_may_be_set_is_one_of_the_configuration(config, kind: type[PipelineConfig]) -> None:
    assert set(OF_A_PIPELINE[kind]) <= {field.name for field in structs.fields(kind)}
    assert set(OF_THE_AGENT) <= set(config.__struct_fields__)
    assert set(OF_A_WORD) <= set(config.pipelines[2].words[0].__struct_fields__)

"""What people enter for commands and desired states: read exactly, refused in words."""

from __future__ import annotations

import pytest

from skerry_edge.foundation.errors import ConfigError
from skerry_server.ui.orders import command_fields, desired_fields, read_command, read_desired


def entered(fields):
    return {one.name: one.value for one in fields}


def test_a_command_as_it_is_proposed_can_be_sent():
    assert read_command(entered(command_fields("logs")), now_ms=1_000) == ("logs", {}, 301_000)


def test_arguments_that_are_empty_are_left_out():
    given = {"name": "mute", "pipeline": " ear ", "minutes": "", "expires": "1"}
    assert read_command(given, now_ms=0) == ("mute", {"pipeline": "ear"}, 60_000)


def test_what_was_entered_for_another_command_is_not_sent():
    given = {"name": "ping", "pipeline": "ear", "minutes": "3", "lines": "50", "expires": "1"}
    assert read_command(given, now_ms=0) == ("ping", {}, 60_000)
    assert read_command(given | {"name": "mute"}, now_ms=0)[1] == {"pipeline": "ear", "minutes": "3"}


@pytest.mark.parametrize("expires", ["", "0", "-5", "soon", "10081", "1e3", "٣", "9" * 50])
def test_a_command_needs_an_end_that_can_be(expires):
    with pytest.raises(ConfigError, match="1 to 10080 minutes"):
        read_command({"name": "ping", "expires": expires}, now_ms=0)


def test_a_desired_state_that_is_shown_reads_back_as_it_was():
    config, models = {"heartbeat": {"interval_s": 5}}, {"camera": "signs@1.2.0"}
    assert read_desired(entered(desired_fields(config, models))) == (config, models)
    assert read_desired(entered(desired_fields({}, {}))) == ({}, {})


@pytest.mark.parametrize("config", ["{", "[1]", "null", '"x"', "[" * 100_000])
def test_a_configuration_that_is_no_object_is_refused(config):
    with pytest.raises(ConfigError, match="the configuration"):
        read_desired({"config": config})


@pytest.mark.parametrize("models", ["camera", "= signs", "camera ="])
def test_a_model_without_pipeline_or_name_is_refused(models):
    with pytest.raises(ConfigError, match="pipeline = model@version"):
        read_desired({"models": models})

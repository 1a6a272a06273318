"""What another configuration asks of the running agent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.changes import changes_between
from skerry_edge.agent.config.delivery import MqttConfig, OutboxConfig
from skerry_edge.agent.config.pipelines import SyntheticPipeline
from skerry_edge.foundation.errors import ConfigError

GATE, DOOR, EAR = (SyntheticPipeline(name=name) for name in ("gate", "door", "ear"))
CONFIG = AgentConfig(
    site="garden", device="cam-1", board="generic-x86", mqtt=MqttConfig(url="mqtt://broker"), pipelines=(GATE, DOOR)
)


def test_the_same_again_changes_nothing() -> None:
    changes = changes_between(CONFIG, replace(CONFIG))
    assert changes.kept == ("gate", "door")
    assert str(changes) == "nothing changes"


def test_only_what_is_different_is_touched() -> None:
    new = replace(CONFIG, pipelines=(EAR, replace(GATE, events_per_s=2.0)), log_level="DEBUG")
    changes = changes_between(CONFIG, new)
    assert (changes.kept, changes.restarted, changes.added, changes.removed) == ((), ("gate",), ("ear",), ("door",))
    assert str(changes) == "started: ear; started anew: gate; ended: door; changed: log_level"


def test_another_order_is_no_change() -> None:
    assert changes_between(CONFIG, replace(CONFIG, pipelines=(DOOR, GATE))).kept == ("door", "gate")


@pytest.mark.parametrize(
    ("key", "value"),
    [("site", "yard"), ("device", "cam-2"), ("state_dir", "/elsewhere")],
)
def test_what_is_set_up_once_cannot_change(key: str, value: object) -> None:
    with pytest.raises(ConfigError, match="cannot change while the agent runs") as caught:
        changes_between(CONFIG, replace(CONFIG, pipelines=(), **{key: value}))
    assert caught.value.found == f"'{key}'"


def test_all_else_can_change() -> None:
    new = replace(
        CONFIG, mqtt=MqttConfig(url="mqtt://other"), outbox=OutboxConfig(max_bytes=1 << 20), board="jetson-nano"
    )
    assert changes_between(CONFIG, new).keys == ("board", "mqtt", "outbox")


def test_the_password_comes_from_the_same_variable_until_the_next_start() -> None:
    with pytest.raises(ConfigError, match=r"'mqtt\.password_env'"):
        changes_between(CONFIG, replace(CONFIG, mqtt=replace(CONFIG.mqtt, password_env="OTHER")))


PIPELINES = st.lists(
    st.builds(SyntheticPipeline, name=st.sampled_from("abcde"), events_per_s=st.sampled_from([1.0, 2.0])),
    unique_by=lambda one: one.name,
).map(tuple)


@given(PIPELINES, PIPELINES)
def test_every_pipeline_has_one_fate(old: tuple[SyntheticPipeline, ...], new: tuple[SyntheticPipeline, ...]) -> None:
    changes = changes_between(replace(CONFIG, pipelines=old), replace(CONFIG, pipelines=new))
    assert sorted(changes.kept + changes.restarted + changes.added) == sorted(one.name for one in new)
    assert sorted(changes.kept + changes.restarted + changes.removed) == sorted(one.name for one in old)

"""Desired configurations as they come: taken on whole, refused whole, kept over a restart."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.changes import changes_between
from skerry_edge.agent.config.words import WordConfig
from skerry_edge.agent.downlink.applied_file import FILE
from skerry_edge.agent.downlink.configuration import Configuration
from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.agent.mqtt.news import Inbound
from skerry_edge.contracts.bundle import Bundle, write_bundle
from skerry_edge.contracts.manifest import artifacts
from skerry_edge.models.catalogue import shipped_models


class Desk:
    """A device's configuration, with what was put into force and what was told."""

    def __init__(self, config: AgentConfig) -> None:
        self.applied: list[AgentConfig] = []
        self.told: list[str] = []
        self.configuration = Configuration(
            config,
            files=StateFiles(Path(config.state_dir)),
            tell=lambda label, text: self.told.append(f"{label}: {text}"),
            apply=self.applied.append,
        )

    def want(self, version: int, config: dict[str, Any] | None = None, **fields: Any) -> None:
        message = {"v": 1, "version": version, "ts": 1_795_000_000_000, "config": config or {}} | fields
        self.send(json.dumps(message).encode())

    def send(self, payload: bytes) -> None:
        self.configuration.handle(Inbound(topic="…/desired", payload=payload, retained=True))

    @property
    def version(self) -> int:
        return self.configuration.shown.desired.version


@pytest.fixture
def make_desk(config) -> Callable[..., Desk]:
    """Return a function that starts the device, as it was left."""
    return lambda **changes: Desk(structs.replace(config, **changes))


@pytest.fixture
def desk(make_desk) -> Desk:
    return make_desk()


def test_a_new_version_is_put_into_force_and_shown(desk: Desk) -> None:
    desk.want(1, {"log_level": "DEBUG"})
    assert [config.log_level for config in desk.applied] == ["DEBUG"]
    assert (desk.version, len(desk.configuration.shown.sha256), desk.told) == (1, 64, [])


def test_what_was_taken_on_outlives_a_restart(make_desk, desk: Desk) -> None:
    desk.want(3, {"pipelines": {"gate": {"score_threshold": 0.9}}})
    again = make_desk()
    assert again.version == 3
    assert again.configuration.in_force.pipelines[0].score_threshold == 0.9


def test_the_same_version_again_changes_nothing(desk: Desk) -> None:
    for _ in range(3):
        desk.want(1, {"log_level": "DEBUG"})
    assert (len(desk.applied), desk.told) == (1, [])


def test_a_version_is_whole_and_not_added_to_the_one_before(desk: Desk) -> None:
    desk.want(1, {"log_level": "DEBUG"})
    desk.want(2, {"heartbeat_interval_s": 5})
    assert (desk.applied[-1].log_level, desk.applied[-1].heartbeat_interval_s) == ("INFO", 5)


def test_an_older_version_is_told_and_ignored_even_after_a_restart(make_desk, desk: Desk) -> None:
    desk.want(5, {"log_level": "DEBUG"})
    again = make_desk()
    again.want(4, {"log_level": "ERROR"})
    assert (again.version, again.applied) == (5, [])
    assert "older than the one that the device has" in again.told[0]
    assert "as version 6 or above" in again.told[0]


def test_a_number_that_was_used_for_something_else_is_refused(desk: Desk) -> None:
    desk.want(5, {"log_level": "DEBUG"})
    desk.want(5, {"log_level": "ERROR"})
    assert desk.applied[-1].log_level == "DEBUG"
    assert "something else" in desk.told[0]


def test_a_refusal_changes_nothing_and_is_told_once_for_all_connects(desk: Desk) -> None:
    for _ in range(3):
        desk.want(2, {"pipelines": {"gate": {"zones": [], "model": "other"}}})
    assert (desk.version, desk.applied) == (0, [])
    assert len(desk.told) == 1
    assert desk.told[0].startswith("desired-refused: this key cannot be set from afar; in desired version 2")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"device": "cam-2"}, "for another device; in desired version 1; found 'cam-2', and this is 'cam-1'"),
        ({"board": "raspberry-pi-5"}, "for another board"),
        ({"models": {"gat": "skerry-signs"}}, "no such pipeline"),
        ({"models": {"beat": "skerry-signs"}}, "this pipeline has no model"),
        ({"models": {"gate": "no-such-model"}}, "the model is not there; .*key 'models.gate'; found 'no-such-model'"),
        ({"models": {"gate": "../../etc/passwd"}}, "the model is not there"),
        ({"models": {"gate": "/etc/passwd"}}, "the model is not there"),
        ({"models": {"ear": "skerry-signs"}}, "the model is not there"),
        ({"ts": "today"}, "does not fit the contract"),
        ({"v": 2}, "does not fit the contract"),
        ({"models": []}, "does not fit the contract"),
    ],
)
def test_what_is_for_another_or_not_there_or_malformed_is_refused(
    desk: Desk, fields: dict[str, Any], said: str
) -> None:
    desk.want(1, {"log_level": "DEBUG"}, **fields)
    assert (desk.version, desk.applied) == (0, [])
    assert len(desk.told) == 1
    assert re.search(said, desk.told[0])


@pytest.mark.parametrize("payload", [b"{", b"\xff\xfe", b"null", b"[" * 100_000, b"x" * 70_000])
def test_bytes_that_are_no_message_are_refused(desk: Desk, payload: bytes) -> None:
    desk.send(payload)
    assert (desk.version, len(desk.told)) == (0, 1)


@pytest.fixture
def brought(tmp_path: Path) -> Path:
    """A model that was brought to the device as `yard-2`."""
    path = tmp_path / "models" / "yard-2.skerry"
    path.parent.mkdir()
    path.write_bytes(shipped_models()["skerry-signs"].read_bytes())
    return path


def test_a_model_that_is_there_is_put_to_work_and_stays_so_over_a_restart(
    make_desk, desk: Desk, brought: Path, tmp_path: Path
) -> None:
    (tmp_path / "models" / "hello.json").write_text("{}")
    desk.want(1, models={"gate": "skerry-signs", "bath": "yard-2", "ear": "hello"})
    assert desk.told == []
    for in_force in (desk.applied[-1], make_desk().configuration.in_force):
        gate, bath, ear, _ = in_force.pipelines
        assert (gate.model, bath.model) == ("skerry-signs", str(brought))
        assert ear.words[0].model == str(tmp_path / "models" / "hello.json")


def test_what_a_version_sets_and_the_model_that_it_names_go_together(desk: Desk, brought: Path) -> None:
    desk.want(1, {"pipelines": {"bath": {"score_threshold": 0.7}}}, models={"bath": "yard-2"})
    bath = desk.applied[-1].pipelines[1]
    assert (bath.model, bath.score_threshold) == (str(brought), 0.7)
    desk.want(2, models={})
    assert desk.applied[-1].pipelines[1].model == "skerry-signs", "what is not named is as the file has it"


def test_a_file_s_own_path_may_be_named_and_no_other(make_desk, config, brought: Path) -> None:
    elsewhere = brought.rename(brought.with_name("own.skerry"))
    gate = structs.replace(config.pipelines[0], model=str(elsewhere))
    desk = make_desk(pipelines=(gate, *config.pipelines[1:]))
    desk.want(1, models={"gate": str(elsewhere)})
    assert desk.told == []
    desk.want(2, models={"bath": str(elsewhere)})
    assert "the model is not there" in desk.told[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"labels": ("dragon",)}, "the model knows no such label"),
        ({"variant": "mcu-int8-x"}, "the model has no such variant"),
    ],
)
def test_a_model_that_cannot_do_what_the_pipeline_asks_is_refused(
    make_desk, config, brought: Path, change: dict[str, Any], said: str
) -> None:
    desk = make_desk(pipelines=(structs.replace(config.pipelines[0], **change),))
    desk.want(1, models={"gate": "yard-2"})
    assert desk.applied == []
    assert said in desk.told[0]
    assert "models.gate" in desk.told[0]


@pytest.fixture
def another(brought: Path) -> Callable[[], None]:
    """Return a function that puts another model in the place of the one that was brought."""

    def replace() -> None:
        bundle = Bundle.open(brought)
        manifest = structs.replace(bundle.manifest, version="99.0.0")
        files = {one.file: bundle.read(one) for one in artifacts(manifest)}
        write_bundle(brought, manifest, files)

    return replace


def test_a_model_that_was_replaced_under_its_name_makes_another_pipeline_and_is_timed_anew(
    desk: Desk, config: AgentConfig, another: Callable[[], None]
) -> None:
    desk.want(1, models={"gate": "yard-2"})
    another()
    desk.want(2, models={"gate": "yard-2"})
    before, after = (one.pipelines for one in desk.applied)
    assert before[0].model == after[0].model
    assert before[0] != after[0]
    assert before[0].loads != after[0].loads
    assert before[1:] == after[1:]


def test_a_replaced_model_is_found_when_the_file_is_read_again(
    make_desk, config: AgentConfig, brought: Path, another: Callable[[], None]
) -> None:
    own = config.pipelines[0]
    desk = make_desk(pipelines=(structs.replace(own, model=str(brought)),))
    before = desk.configuration.in_force
    desk.configuration.file_changed(structs.replace(config, pipelines=(structs.replace(own, model=str(brought)),)))
    assert desk.configuration.in_force == before
    another()
    desk.configuration.file_changed(structs.replace(config, pipelines=(structs.replace(own, model=str(brought)),)))
    assert changes_between(before, desk.configuration.in_force).restarted == ("gate",)


def test_a_model_that_vanishes_is_told_once_and_what_is_wrong_besides_as_well(
    make_desk, desk: Desk, brought: Path
) -> None:
    desk.want(1, models={"gate": "yard-2"})
    brought.unlink()
    again = make_desk()
    again.want(1, models={"gate": "yard-2"})
    assert len(again.told) == 1
    again.want(2, models={"gate": "yard-2"})
    again.want(2, models={"bath": "yard-2"})
    assert len(again.told) == 3


def test_a_file_that_is_no_bundle_is_refused(desk: Desk, brought: Path) -> None:
    brought.write_bytes(b"nonsense")
    desk.want(1, models={"gate": "yard-2"})
    assert desk.applied == []
    assert "models.gate" in desk.told[0]


def test_of_several_words_none_is_changed_from_afar(make_desk, config) -> None:
    ear = structs.replace(config.pipelines[2], words=(WordConfig(model="alexa"), WordConfig(model="hey_jarvis")))
    desk = make_desk(pipelines=(ear,))
    desk.want(1, models={"ear": "alexa"})
    assert "this pipeline listens for several words" in desk.told[0]


def test_an_empty_message_leaves_everything_as_it_is(desk: Desk) -> None:
    desk.want(1, {"log_level": "DEBUG"})
    desk.send(b"")
    assert (desk.version, desk.told) == (1, [])


def test_a_file_that_a_version_does_not_fit_any_more_is_in_force_alone(make_desk, desk: Desk, config) -> None:
    desk.want(7, {"pipelines": {"gate": {"score_threshold": 0.9}}})
    again = make_desk(pipelines=config.pipelines[1:])
    assert again.version == 0
    assert [one.name for one in again.configuration.in_force.pipelines] == ["bath", "ear", "beat"]
    assert "the device's own configuration is in force" in again.told[0]
    again.configuration.file_changed(config)
    assert (again.version, again.configuration.in_force.pipelines[0].score_threshold) == (7, 0.9)


def test_a_version_that_the_disk_does_not_take_is_not_in_force(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    desk.want(1, {"log_level": "DEBUG"})
    assert (desk.version, desk.applied) == (0, [])
    assert FILE in desk.told[0]


@pytest.mark.parametrize("damage", [b"", b"{", b'{"desired":{"v":1,"version":9,"ts":0},"sha256":"00"}'])
def test_a_damaged_record_is_set_aside_and_taken_from_the_broker_anew(
    make_desk, desk: Desk, tmp_path: Path, damage: bytes
) -> None:
    desk.want(5, {"log_level": "DEBUG"})
    (tmp_path / FILE).write_bytes(damage)
    again = make_desk()
    assert again.version == 0
    assert (tmp_path / "desired.json.damaged").read_bytes() == damage
    again.want(5, {"log_level": "DEBUG"})
    assert again.version == 5


def test_no_depth_of_nesting_ends_the_agent(desk: Desk) -> None:
    for depth in (*range(50, 900, 50), *range(900, 1010)):
        nested = '{"a":' * depth + "1" + "}" * depth
        config = f'{{"pipelines":{{"gate":{{"limits":{nested}}}}}}}'
        desk.send(f'{{"v":1,"version":1,"ts":0,"config":{config}}}'.encode())
    assert desk.version == 0


KEYS = st.sampled_from(
    [
        "pipelines",
        "gate",
        "ear",
        "words",
        "alexa",
        "zones",
        "limits",
        "log_level",
        "motion",
        "tracking",
        "points",
        "name",
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
TREES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4))


@given(config=st.dictionaries(KEYS, TREES, max_size=4))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_asked_for_is_taken_on_or_refused(desk: Desk, config: dict[str, Any]) -> None:
    before = desk.version
    desk.want(before + 1, config)
    assert desk.version in (before, before + 1)

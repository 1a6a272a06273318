"""When Home Assistant is told what, over changes and restarts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from skerry_edge.agent.config.delivery import MqttConfig
from skerry_edge.agent.home_assistant.discovery import Appearance, discovery_topic
from skerry_edge.agent.home_assistant.known import FILE
from skerry_edge.agent.home_assistant.publisher import INTERVAL_S, MAX_GONE, Discovery, Farewell
from skerry_edge.agent.home_assistant.switch import DiscoverySwitch
from skerry_edge.agent.life.loop import NEVER_S
from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.agent.mqtt.bulletins import Bulletin

TOPIC = discovery_topic("homeassistant", "cam-1")


class Notes:
    """A session that notes what is posted, and a device whose appearance the test sets."""

    def __init__(self, appearance: Appearance) -> None:
        self.appearance = appearance
        self.posted: list[Bulletin] = []

    def post(self, bulletin: Bulletin) -> None:
        self.posted.append(bulletin)

    @property
    def components(self) -> dict[str, Any]:
        components: dict[str, Any] = json.loads(self.posted[-1].make())["components"]
        return components


@pytest.fixture
def make_run(tmp_path: Path, make_appearance) -> Callable[..., tuple[Notes, Discovery]]:
    """Return a function that starts a device, as it was left."""

    def make(topic: str = TOPIC, **changes: Any) -> tuple[Notes, Discovery]:
        notes: Any = Notes(make_appearance(**changes))
        return notes, Discovery(lambda: notes.appearance, topic=topic, files=StateFiles(tmp_path), session=notes)

    return make


def test_a_change_is_published_once_and_flurries_are_spread(make_run, make_appearance) -> None:
    notes, discovery = make_run()
    assert discovery.act(0.0) == NEVER_S
    discovery.act(1.0)
    assert [one.topic for one in notes.posted] == [TOPIC]
    notes.appearance = make_appearance(pipelines=("gate",), listening=())
    assert discovery.act(2.0) == INTERVAL_S
    assert len(notes.posted) == 1
    discovery.act(INTERVAL_S)
    assert len(notes.posted) == 2


def test_what_is_gone_is_taken_back_by_its_platform_alone(make_run, make_appearance) -> None:
    notes, discovery = make_run()
    discovery.act(0.0)
    notes.appearance = make_appearance(listening=(), pipelines=("gate",))
    discovery.act(100.0)
    assert notes.components["word_ear"] == {"platform": "event"}
    assert notes.components["pipeline_ear"] == {"platform": "sensor"}
    assert notes.components["pipeline_gate"]["state_topic"]


def test_what_went_while_the_agent_was_off_is_taken_back_too(make_run) -> None:
    make_run()[1].act(0.0)
    notes, discovery = make_run(listening=(), pipelines=("gate",))
    discovery.act(0.0)
    assert notes.components["word_ear"] == {"platform": "event"}


def test_what_was_counted_before_a_restart_is_still_there_to_say_0(make_run) -> None:
    make_run()[1].act(0.0)
    notes, discovery = make_run(counted=frozenset())
    discovery.act(0.0)
    assert notes.components["count_gate_car"]["state_topic"]


def test_a_place_that_is_no_more_is_taken_back(make_run) -> None:
    make_run(counted=frozenset({("gate/door", "car")}))[1].act(0.0)
    notes, discovery = make_run(places=frozenset({"gate"}), counted=frozenset())
    discovery.act(0.0)
    assert notes.components["count_gate_door_car"] == {"platform": "sensor"}


def test_under_another_prefix_the_old_message_goes(make_run) -> None:
    make_run()[1].act(0.0)
    notes, discovery = make_run(topic=discovery_topic("house", "cam-1"))
    discovery.act(0.0)
    assert [(one.topic, one.make() == b"") for one in notes.posted] == [
        (TOPIC, True),
        ("house/device/skerry/cam-1/config", False),
    ]


def test_switched_off_the_message_goes_and_is_forgotten_once_the_broker_has_that(make_run, tmp_path: Path) -> None:
    notes, discovery = make_run()
    discovery.act(0.0)
    farewell = Farewell(files=StateFiles(tmp_path), session=notes)
    last = notes.posted[-1]
    assert (last.topic, last.make()) == (TOPIC, b"")
    assert farewell.act(0.0) == INTERVAL_S
    assert (tmp_path / FILE).exists()
    last.when_taken()
    assert farewell.act(INTERVAL_S) == NEVER_S
    Farewell(files=StateFiles(tmp_path), session=notes)
    assert notes.posted[-1] is last


def test_switched_off_and_on_again_a_late_acknowledgement_takes_no_record_away(make_appearance, tmp_path: Path) -> None:
    notes: Any = Notes(make_appearance())
    on = MqttConfig(url="mqtt://broker", home_assistant=True)
    off = structs.replace(on, home_assistant=False)
    switch = DiscoverySwitch(lambda: notes.appearance, device="cam-1", files=StateFiles(tmp_path), session=notes)
    switch.configure(on)
    switch.act(0.0)
    switch.configure(off)
    gone = notes.posted[-1]
    switch.configure(on)
    switch.act(100.0)
    gone.when_taken()
    switch.act(200.0)
    assert (tmp_path / FILE).exists()


@pytest.mark.parametrize("home_assistant", [True, False])
def test_what_was_told_is_written_down_again_where_the_disk_lost_it(
    make_appearance, tmp_path: Path, home_assistant: bool
) -> None:
    notes: Any = Notes(make_appearance())
    on = MqttConfig(url="mqtt://broker", home_assistant=True)
    switch = DiscoverySwitch(lambda: notes.appearance, device="cam-1", files=StateFiles(tmp_path), session=notes)
    switch.configure(on)
    switch.act(0.0)
    switch.configure(structs.replace(on, home_assistant=home_assistant))
    switch.act(100.0)
    before = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).unlink()
    switch.keep()
    assert (tmp_path / FILE).read_bytes() == before


@pytest.mark.parametrize("damage", [b"", b"{", b'{"topic": "#", "components": {}, "counted": []}', b"\xff"])
def test_a_damaged_record_takes_nothing_away_and_is_no_end(make_run, tmp_path: Path, damage: bytes) -> None:
    (tmp_path / FILE).write_bytes(damage)
    notes, discovery = make_run()
    discovery.act(0.0)
    assert [one.topic for one in notes.posted] == [TOPIC]


def test_what_is_gone_is_taken_back_again_for_a_home_assistant_that_was_away(make_run) -> None:
    make_run()[1].act(0.0)
    for _ in range(2):
        notes, discovery = make_run(listening=(), pipelines=("gate",))
        discovery.act(0.0)
    assert notes.components["word_ear"] == {"platform": "event"}
    notes, discovery = make_run()
    discovery.act(0.0)
    assert notes.components["word_ear"]["state_topic"], "and is there again when it is back"


def test_of_what_is_gone_only_the_last_is_told(make_run) -> None:
    for number in range(3):
        labels = frozenset((f"zone{number}", f"label{n:03}") for n in range(90))
        make_run(places=frozenset({f"zone{number}"}), counted=labels)[1].act(0.0)
    notes, discovery = make_run(places=frozenset(), counted=frozenset())
    discovery.act(0.0)
    gone = [key for key, one in notes.components.items() if list(one) == ["platform"]]
    assert len(gone) == MAX_GONE
    assert "count_zone2_label000" in gone

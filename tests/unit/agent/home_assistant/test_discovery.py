"""The discovery message against what Home Assistant's documentation and schemas say of it.

No Home Assistant is at hand: this is the contract as its MQTT integration states it, written down here
(home-assistant.io/integrations/mqtt; in its source, discovery.py, schemas.py, sensor.py, event.py and image.py of
components/mqtt).
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

import msgspec
import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment
from msgspec import Meta, Struct

from skerry_edge.agent.home_assistant.discovery import MAX_COUNT_SENSORS, discovery_payload, discovery_topic
from skerry_edge.contracts.codec import encode
from skerry_edge.contracts.messages import Event, Heartbeat, PipelineVitals, State, Status
from skerry_edge.contracts.topics import parse_topic

TOPIC = re.compile(r"(?P<component>\w+)/(?:(?P<node_id>[a-zA-Z0-9_-]+)/)?(?P<object_id>[a-zA-Z0-9_-]+)/config")
STAMP: dict[str, Any] = {"v": 1, "id": "a", "session": "00000001-0000abcd", "seq": 1, "ts": 1, "clock": "synced"}
Template = str
Listened = Annotated[str, Meta(min_length=1, max_length=65535)]


class HaDevice(Struct, forbid_unknown_fields=True):
    identifiers: Annotated[list[str], Meta(min_length=1)]
    name: str
    manufacturer: str
    model: str
    sw_version: str


class HaOrigin(Struct, forbid_unknown_fields=True):
    name: str
    sw_version: str | None = None
    support_url: str | None = None


class HaAvailability(Struct, forbid_unknown_fields=True):
    topic: Listened
    payload_available: str = "online"
    payload_not_available: str = "offline"
    value_template: Template | None = None


class HaEntity(Struct, forbid_unknown_fields=True, tag_field="platform"):
    unique_id: Annotated[str, Meta(min_length=1)]
    name: str | None
    entity_category: Literal["diagnostic", "config"] | None = None
    icon: Annotated[str, Meta(pattern="^mdi:")] | None = None


class HaSensor(HaEntity, tag="sensor", forbid_unknown_fields=True, kw_only=True):
    state_topic: Listened
    value_template: Template | None = None
    device_class: Literal["temperature", "data_size", "duration", "enum"] | None = None
    state_class: Literal["measurement", "total", "total_increasing"] | None = None
    unit_of_measurement: str | None = None
    suggested_display_precision: int | None = None
    options: list[str] | None = None
    json_attributes_topic: Listened | None = None
    json_attributes_template: Template | None = None


class HaBinarySensor(HaEntity, tag="binary_sensor", forbid_unknown_fields=True, kw_only=True):
    state_topic: Listened
    value_template: Template | None = None
    device_class: Literal["problem"] | None = None
    payload_on: str = "ON"
    payload_off: str = "OFF"


class HaEvent(HaEntity, tag="event", forbid_unknown_fields=True, kw_only=True):
    event_types: Annotated[list[str], Meta(min_length=1)]
    state_topic: Listened
    value_template: Template | None = None


class HaImage(HaEntity, tag="image", forbid_unknown_fields=True, kw_only=True):
    image_topic: Listened
    content_type: str = "image/jpeg"


class HaDiscovery(Struct, forbid_unknown_fields=True):
    """DEVICE_DISCOVERY_SCHEMA: device, origin and components must be there."""

    device: HaDevice
    origin: HaOrigin
    components: dict[str, HaSensor | HaBinarySensor | HaEvent | HaImage]
    availability: list[HaAvailability]
    qos: Literal[0, 1, 2] = 0


UNITS = {"temperature": {"°C"}, "data_size": {"MB"}, "duration": {"s"}}
"""Of each device class, the units that sensor.const allows and that are used here."""


@pytest.fixture
def discovered(make_appearance) -> Any:
    """Return a function that reads the discovery message as Home Assistant does."""
    return lambda **changes: msgspec.json.decode(discovery_payload(make_appearance(**changes), {}), type=HaDiscovery)


def render(template: Template, payload: bytes) -> str:
    """Render as MqttValueTemplate does: with the payload, and as JSON where it is."""
    environment = ImmutableSandboxedEnvironment()
    return environment.from_string(template).render(value=payload.decode(), value_json=json.loads(payload))


def heartbeat(**fields: Any) -> bytes:
    vitals = PipelineVitals(name="gate", model="m", model_version="1", backend="onnx", state="failing", frames=3)
    figures: dict[str, Any] = {"uptime_s": 5.0, "cpu_percent": 12.5, "memory_used_mb": 50.0}
    figures |= {"memory_total_mb": 900.0, "disk_free_mb": 100.0, "pipelines": [vitals]}
    return encode(Heartbeat(**STAMP, board="b", agent_version="1", **{**figures, **fields}))


def test_the_topic_is_one_that_home_assistant_looks_at() -> None:
    match = TOPIC.fullmatch(discovery_topic("homeassistant", "cam-1").removeprefix("homeassistant/"))
    assert match is not None
    assert (match["component"], match["node_id"], match["object_id"]) == ("device", "skerry", "cam-1")


def test_the_message_is_as_the_schemas_have_it(discovered) -> None:
    assert discovered().device.identifiers == ["skerry_cam-1"]


def test_sensors_obey_the_rules_between_their_options(discovered) -> None:
    for sensor in discovered().components.values():
        if isinstance(sensor, HaSensor):
            assert (sensor.device_class == "enum") == (sensor.options is not None)
            assert not (sensor.options and (sensor.state_class or sensor.unit_of_measurement))
            assert sensor.unit_of_measurement in UNITS.get(sensor.device_class or "", {sensor.unit_of_measurement})


def test_ids_are_unique_and_stay_whatever_else_there_is(discovered) -> None:
    few, many = discovered(), discovered(counted=frozenset({("gate", "car"), ("gate", "cär"), ("gate", "c r")}))
    ids = [one.unique_id for one in many.components.values()]
    assert len(set(ids)) == len(ids)
    assert {one.unique_id for one in few.components.values()} & set(ids) >= {"skerry_cam-1_count_gate_car"}


def test_names_that_would_share_a_key_do_not(discovered) -> None:
    labels = frozenset({("gate", "a b"), ("gate", "a_b"), ("gate", "A b"), ("gate/a", "b")})
    components = discovered(counted=labels).components
    assert len([key for key in components if key.startswith("count")]) == len(labels)


def test_the_device_is_available_unless_it_says_offline(discovered) -> None:
    (availability,) = discovered().availability
    assert parse_topic(availability.topic).kind == "status"
    for state, shown in (("online", "online"), ("degraded", "online"), ("offline", "offline")):
        assert render(availability.value_template, encode(Status(**STAMP, state=state))) == shown


def test_the_status_has_its_reason_as_an_attribute(discovered) -> None:
    sensor = discovered().components["status"]
    told = encode(Status(**STAMP, state="degraded", reason='gate: "it" <broke>'))
    assert render(sensor.value_template, told) == "degraded"
    assert json.loads(render(sensor.json_attributes_template, told)) == {"reason": 'gate: "it" <broke>'}
    assert json.loads(render(sensor.json_attributes_template, encode(Status(**STAMP, state="online")))) == {
        "reason": ""
    }


def test_a_figure_is_the_heartbeat_s_and_unknown_where_the_machine_cannot_give_it(discovered) -> None:
    components = discovered().components
    assert render(components["cpu_percent"].value_template, heartbeat()) == "12.5"
    assert render(components["temperature_c"].value_template, heartbeat(temperature_c=51.2)) == "51.2"
    assert render(components["temperature_c"].value_template, heartbeat()) == "None"
    assert render(components["outbox_dropped"].value_template, heartbeat()) == "0"


def test_a_problem_is_on_or_off_and_unknown_where_the_board_cannot_tell(discovered) -> None:
    template = discovered().components["undervoltage"].value_template
    assert [render(template, heartbeat(undervoltage=wrong)) for wrong in (True, False)] == ["ON", "OFF"]
    assert render(template, heartbeat()) == "None"


def test_a_pipeline_is_found_in_the_heartbeat_by_its_name(discovered) -> None:
    components = discovered().components
    assert render(components["pipeline_gate"].value_template, heartbeat()) == "failing"
    assert render(components["pipeline_ear"].value_template, heartbeat()) == "unknown"
    assert render(components["pipeline_ear"].value_template, heartbeat(pipelines=[])) == "unknown"


@pytest.mark.parametrize("label", ["car", "traffic light", "it's", 'a "b"', "{{ 1 }}", "%}", "back\\slash", "été 🚗"])
def test_counts_are_the_state_s_whatever_a_label_is_called(discovered, label: str) -> None:
    components = discovered(counted=frozenset({("gate/door", label)})).components
    (sensor,) = [one for key, one in components.items() if key.startswith("count")]
    state = {**STAMP, "config_version": 0, "config_sha256": ""}
    assert parse_topic(sensor.state_topic).kind == "state"
    assert render(sensor.value_template, encode(State(**state, counts={"gate/door": {label: 3}}))) == "3"
    assert render(sensor.value_template, encode(State(**state, counts={"gate/door": {}}))) == "0"
    assert render(sensor.value_template, encode(State(**state))) == "0"


def test_a_wake_word_is_an_event_and_nothing_else_is(discovered) -> None:
    entity = discovered().components["word_ear"]
    heard = {**STAMP, "kind": "wakeword", "pipeline": "ear", "label": "hey_jarvis", "score": 0.97}
    shown = json.loads(render(entity.value_template, encode(Event(**heard))))
    assert shown == {"event_type": entity.event_types[0], "word": "hey_jarvis", "score": 0.97}
    for other in ({"pipeline": "attic"}, {"kind": "system"}, {"replayed": True}):
        assert render(entity.value_template, encode(Event(**{**heard, **other}))) == ""


def test_the_picture_is_the_newest_of_any_event(discovered) -> None:
    assert discovered().components["snapshot"].image_topic == "skerry/v1/garden/cam-1/snapshot/+"
    assert "snapshot" not in discovered(gives_pictures=False).components


def test_a_model_of_thousands_of_labels_makes_no_thousands_of_sensors(discovered) -> None:
    components = discovered(counted=frozenset(("gate", f"label {n}") for n in range(5000))).components
    assert len([key for key in components if key.startswith("count")]) == MAX_COUNT_SENSORS

"""The device's discovery message for Home Assistant; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skerry_edge.agent.home_assistant.entities import (
    FIGURES,
    PROBLEMS,
    Entity,
    Topics,
    count_sensor,
    figure_sensor,
    key_of,
    picture,
    pipeline_sensor,
    problem_sensor,
    status_sensor,
    word_event,
)

MAX_COUNT_SENSORS = 100
"""Labels are the model's; a house wants no thousand sensors of one camera."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Appearance:
    """What Home Assistant is told of a device.

    ``places`` are where objects are counted, ``counted`` the pairs of a place and a label that were.
    """

    site: str
    device: str
    board: str
    version: str
    pipelines: tuple[str, ...]
    listening: tuple[str, ...] = ()
    gives_pictures: bool = False
    places: frozenset[str] = frozenset()
    counted: frozenset[tuple[str, str]] = frozenset()


def discovery_topic(prefix: str, device: str) -> str:
    """Return where Home Assistant looks for the device.

    The device is a level of its own, so that one rule allows each device its own topic at the broker, as in mosquitto's
    `pattern write homeassistant/device/skerry/%u/config`.
    """
    return f"{prefix}/device/skerry/{device}/config"


def platforms(appearance: Appearance) -> dict[str, str]:
    """Return the platform of each component by its key."""
    topics = Topics(appearance.site, appearance.device)
    return {key: entity["platform"] for key, entity in _components(appearance, topics).items()}


def discovery_payload(appearance: Appearance, gone: Mapping[str, str]) -> bytes:
    """Return the message, JSON as `DEVICE_DISCOVERY_SCHEMA` of Home Assistant's MQTT integration has it.

    ``gone`` are the platforms of components that are no more: one that has nothing but its platform is removed.
    """
    topics = Topics(appearance.site, appearance.device)
    payload: dict[str, Any] = {
        "device": {
            "identifiers": [f"skerry_{appearance.device}"],
            "name": appearance.device,
            "manufacturer": "Skerry",
            "model": appearance.board,
            "sw_version": appearance.version,
        },
        "origin": {"name": "skerry", "sw_version": appearance.version},
        "availability": [
            {
                "topic": topics.status,
                "value_template": "{{ 'offline' if value_json.state == 'offline' else 'online' }}",
                "payload_available": "online",
                "payload_not_available": "offline",
            }
        ],
        "qos": 1,
        "components": {
            **{key: {"platform": platform} for key, platform in gone.items()},
            **_components(appearance, topics),
        },
    }
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def _components(appearance: Appearance, topics: Topics) -> dict[str, Entity]:
    components = {"status": status_sensor(topics)}
    components |= {figure.field: figure_sensor(topics, figure) for figure in FIGURES}
    components |= {field: problem_sensor(topics, field) for field in PROBLEMS}
    components |= {key_of("pipeline", name): pipeline_sensor(topics, name) for name in appearance.pipelines}
    components |= {key_of("word", name): word_event(topics, name) for name in appearance.listening}
    for place, label in sorted(appearance.counted)[:MAX_COUNT_SENSORS]:
        components[key_of("count", *place.split("/"), label)] = count_sensor(topics, place, label)
    if appearance.gives_pictures:
        components["snapshot"] = picture(topics)
    return components

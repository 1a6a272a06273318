"""One entity of Home Assistant each: what it shows, and the template that takes it out of a message; pure.

Names and meaning of the options are those of Home Assistant's MQTT integration (home-assistant.io/integrations/mqtt,
sensor.mqtt, event.mqtt, image.mqtt), written in full, without its abbreviations.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skerry_edge.contracts.topics import topic_of

Entity = dict[str, Any]
_PLAIN = re.compile(r"[a-z0-9-]+\Z")
_NO_SLUG = re.compile(r"[^a-z0-9]+")
PIPELINE_STATES = ["starting", "running", "failing", "ended", "unknown"]
HEARD = "heard"
"""The one type of a wake word's event; which word it was is among its attributes, so that words may come and go."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A field of the heartbeat as a sensor."""

    field: str
    name: str
    unit: str | None = None
    device_class: str | None = None
    digits: int = 0
    total: bool = False


FIGURES = (
    Figure(field="temperature_c", name="Processor temperature", unit="°C", device_class="temperature", digits=1),
    Figure(field="cpu_percent", name="Processor use", unit="%"),
    Figure(field="memory_used_mb", name="Memory used", unit="MB", device_class="data_size"),
    Figure(field="disk_free_mb", name="Disk free", unit="MB", device_class="data_size"),
    Figure(field="uptime_s", name="Uptime", unit="s", device_class="duration"),
    Figure(field="outbox_depth", name="Messages waiting", digits=0),
    Figure(field="outbox_dropped", name="Messages dropped", digits=0, total=True),
)


PROBLEMS = {"undervoltage": "Supply too low", "throttled": "Slowed down"}
"""Fields of the heartbeat that are true when something is wrong; a board that cannot tell leaves them out."""


class Topics:
    """The device's topics, and ids that are unique in a house."""

    def __init__(self, site: str, device: str) -> None:
        self._site = site
        self._device = device
        self.status = topic_of(site, device, "status")
        self.heartbeat = topic_of(site, device, "heartbeat")
        self.state = topic_of(site, device, "state")
        self.event = topic_of(site, device, "event")
        self.snapshots = topic_of(site, device, "snapshot", "any").removesuffix("any") + "+"

    def unique_id(self, key: str) -> str:
        """Return the id that Home Assistant knows an entity by for good."""
        return f"skerry_{self._device}_{key}"


def key_of(*parts: str) -> str:
    """Return a component's key for names of any kind; names that differ never share one."""
    if all(_PLAIN.match(part) for part in parts):
        return "_".join(parts)
    slug = "_".join(_NO_SLUG.sub("-", part.lower()).strip("-") for part in parts)
    return f"{slug}_{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:8]}"


def status_sensor(topics: Topics) -> Entity:
    """Return whether the device is online or degraded, with the reason as an attribute."""
    return {
        "platform": "sensor",
        "unique_id": topics.unique_id("status"),
        "name": "Status",
        "entity_category": "diagnostic",
        "device_class": "enum",
        "options": ["online", "degraded", "offline"],
        "state_topic": topics.status,
        "value_template": "{{ value_json.state }}",
        "json_attributes_topic": topics.status,
        "json_attributes_template": "{{ {'reason': value_json.reason | default('')} | tojson }}",
    }


def figure_sensor(topics: Topics, figure: Figure) -> Entity:
    """Return a field of the heartbeat; one that the machine cannot give is unknown, not zero."""
    optional: Mapping[str, str | None] = {"unit_of_measurement": figure.unit, "device_class": figure.device_class}
    # Heartbeats leave out what is zero by default.
    absent = "0" if figure.field.startswith("outbox") else "none"
    return {
        "platform": "sensor",
        "unique_id": topics.unique_id(figure.field),
        "name": figure.name,
        "entity_category": "diagnostic",
        "state_class": "total_increasing" if figure.total else "measurement",
        "suggested_display_precision": figure.digits,
        "state_topic": topics.heartbeat,
        "value_template": f"{{{{ value_json.{figure.field} | default({absent}) }}}}",
        **{key: value for key, value in optional.items() if value is not None},
    }


def problem_sensor(topics: Topics, field: str) -> Entity:
    """Return whether something is wrong with the board; unknown where the board cannot tell."""
    return {
        "platform": "binary_sensor",
        "unique_id": topics.unique_id(field),
        "name": PROBLEMS[field],
        "entity_category": "diagnostic",
        "device_class": "problem",
        "state_topic": topics.heartbeat,
        "value_template": (
            f"{{{{ ('ON' if value_json.{field} else 'OFF') if value_json.{field} is defined else none }}}}"
        ),
    }


def pipeline_sensor(topics: Topics, pipeline: str) -> Entity:
    """Return what a pipeline's child does, as the last heartbeat has it."""
    chosen = f"selectattr('name', 'eq', {quoted(pipeline)})"
    return {
        "platform": "sensor",
        "unique_id": topics.unique_id(key_of("pipeline", pipeline)),
        "name": f"Pipeline {pipeline}",
        "entity_category": "diagnostic",
        "device_class": "enum",
        "options": PIPELINE_STATES,
        "state_topic": topics.heartbeat,
        "value_template": (
            f"{{{{ value_json.pipelines | default([]) | {chosen} | map(attribute='state') | first "
            "| default('unknown') }}"
        ),
    }


def count_sensor(topics: Topics, place: str, label: str) -> Entity:
    """Return how many objects of a label are at a place now, from the retained state: true after any restart."""
    return {
        "platform": "sensor",
        "unique_id": topics.unique_id(key_of("count", *place.split("/"), label)),
        "name": f"{place.replace('/', ' ')} {label}",
        "icon": "mdi:counter",
        "state_class": "measurement",
        "state_topic": topics.state,
        "value_template": (
            f"{{{{ (value_json.counts | default({{}})).get({quoted(place)}, {{}}).get({quoted(label)}, 0) }}}}"
        ),
    }


def word_event(topics: Topics, pipeline: str) -> Entity:
    """Return what a wake-word pipeline hears, as it happens: what an outage delayed is no event any more."""
    return {
        "platform": "event",
        "unique_id": topics.unique_id(key_of("word", pipeline)),
        "name": f"Wake word {pipeline}",
        "icon": "mdi:account-voice",
        "event_types": [HEARD],
        "state_topic": topics.event,
        "value_template": (
            f"{{% if value_json.kind == 'wakeword' and value_json.pipeline == {quoted(pipeline)} "
            "and not value_json.replayed | default(false) %}"
            f"{{{{ {{'event_type': '{HEARD}', 'word': value_json.label, 'score': value_json.score | default(none)}} "
            "| tojson }}{% endif %}"
        ),
    }


def picture(topics: Topics) -> Entity:
    """Return the newest picture of the device, whichever event or command it belongs to."""
    return {
        "platform": "image",
        "unique_id": topics.unique_id("snapshot"),
        "name": "Snapshot",
        "content_type": "image/jpeg",
        "image_topic": topics.snapshots,
    }


def quoted(text: str) -> str:
    """Return ``text`` as a string of Jinja's expressions, whatever it holds."""
    return json.dumps(text, ensure_ascii=False)

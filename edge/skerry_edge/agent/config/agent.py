"""The agent's configuration file as one typed struct; what one field alone cannot tell is in `checks`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from skerry_edge.agent.config.delivery import MqttConfig, OutboxConfig
from skerry_edge.agent.config.parts import FileText, Name, Part
from skerry_edge.agent.config.pipelines import PipelineConfig
from skerry_edge.agent.config.sensors import Sensors
from skerry_edge.ota.settings import OtaSettings

MAX_PIPELINES = 32
"""So many fit into one heartbeat, however much there is to tell of each."""


class AgentConfig(Part, frozen=True, kw_only=True):
    """The whole file: who the device is, where its state and the broker are, and what it runs."""

    site: Name
    device: Name
    board: Annotated[str, Meta(min_length=1, max_length=128)]
    mqtt: MqttConfig
    pipelines: Annotated[tuple[PipelineConfig, ...], Meta(max_length=MAX_PIPELINES)]
    state_dir: FileText = "/var/lib/skerry"
    heartbeat_interval_s: Annotated[float, Meta(ge=0.1, le=3600)] = 30.0
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    outbox: OutboxConfig = OutboxConfig()
    sensors: Sensors = ()
    ota: OtaSettings | None = None

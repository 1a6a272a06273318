"""Home Assistant's side of the device, switched on and off while the agent runs."""

from __future__ import annotations

from collections.abc import Callable

from skerry_edge.agent.config.delivery import MqttConfig
from skerry_edge.agent.home_assistant.discovery import Appearance, discovery_topic
from skerry_edge.agent.home_assistant.publisher import Discovery, Farewell
from skerry_edge.agent.life.loop import NEVER_S
from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.agent.mqtt.session import Session

HOME_ASSISTANT_BIRTH = "homeassistant/status"
"""Where Home Assistant says that it has started, whatever its discovery prefix is (its integration's default)."""


def birth_topics(config: MqttConfig) -> tuple[str, ...]:
    """Return where Home Assistant says that it has started; nothing where it is not wanted."""
    return tuple(sorted({HOME_ASSISTANT_BIRTH, f"{config.discovery_prefix}/status"})) if config.home_assistant else ()


class DiscoverySwitch:
    """Publishes how the device appears where the configuration wants it, and takes it away where not (a Duty)."""

    def __init__(self, read: Callable[[], Appearance], *, device: str, files: StateFiles, session: Session) -> None:
        self._read = read
        self._device = device
        self._files = files
        self._session = session
        self._part: Discovery | Farewell | None = None

    def configure(self, config: MqttConfig) -> None:
        """Do from now on as the configuration says."""
        if not config.home_assistant:
            self._part = Farewell(files=self._files, session=self._session)
            return
        topic = discovery_topic(config.discovery_prefix, self._device)
        self._part = Discovery(self._read, topic=topic, files=self._files, session=self._session)

    def keep(self) -> None:
        """Have what Home Assistant was told on disk once more, where that lost it."""
        if self._part is not None:
            self._part.keep()

    def act(self, now_s: float) -> float:
        """Publish a change, or note that nothing is published any more (see Duty)."""
        return NEVER_S if self._part is None else self._part.act(now_s)

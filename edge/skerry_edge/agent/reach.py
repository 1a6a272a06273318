"""How the fleet and the house reach a device: desired configuration and commands down, state and discovery up."""

from __future__ import annotations

import logging
from collections.abc import Callable

from skerry_edge import __version__
from skerry_edge.agent.children.mutes import Mutes
from skerry_edge.agent.children.supervisor import Supervisor
from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.changes import changes_between
from skerry_edge.agent.config.delivery import MqttConfig
from skerry_edge.agent.config.fingerprint import file_sha256
from skerry_edge.agent.config.pipelines import DetectionPipeline, WakeWordPipeline
from skerry_edge.agent.downlink.actions import Actions, Device
from skerry_edge.agent.downlink.commands import Commands
from skerry_edge.agent.downlink.configuration import Configuration
from skerry_edge.agent.downlink.downlink import Downlink, topics_of
from skerry_edge.agent.downlink.freshness import SenderClock
from skerry_edge.agent.downlink.inbox import Inbox
from skerry_edge.agent.downlink.log_tail import LogTail
from skerry_edge.agent.downlink.memory import CommandMemory
from skerry_edge.agent.home_assistant.discovery import Appearance
from skerry_edge.agent.home_assistant.switch import DiscoverySwitch, birth_topics
from skerry_edge.agent.life.clock import clock_state
from skerry_edge.agent.life.identity import AGENT, Identity
from skerry_edge.agent.life.loop import Duty
from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.agent.mqtt.session import Session
from skerry_edge.agent.outbox.sink import Sink
from skerry_edge.agent.reports.state import AgentState
from skerry_edge.agent.reports.state_publisher import StatePublisher
from skerry_edge.contracts.messages import Event


class Reach:
    """Puts the parts together; ``inbox`` is the session's listener, ``configuration`` says what to run."""

    def __init__(
        self,
        file_config: AgentConfig,
        *,
        files: StateFiles,
        identity: Identity,
        outbox: Sink,
        apply: Callable[[AgentConfig], None],
    ) -> None:
        """Prepare; ``apply`` puts a configuration into force that has come from afar."""
        self._identity = identity
        self._outbox = outbox
        self._file_config, self._file_sha256 = file_config, file_sha256(file_config)
        self._files = files
        self.inbox = Inbox(self._topics(file_config.mqtt))
        self._memory = CommandMemory(files)
        self.configuration = Configuration(file_config, files=files, tell=self.tell, apply=apply)
        self._log_tail = LogTail()
        # Not the root: its handlers are replaced when the log's level changes.
        logging.getLogger("skerry_edge").addHandler(self._log_tail)

    def duties(self, *, device: Device, supervisor: Supervisor, mutes: Mutes, session: Session) -> tuple[Duty, ...]:
        """Return what the loop is to do for all this."""
        self._supervisor = supervisor
        commands = Commands(
            actions=Actions(device, mutes, self._log_tail),
            memory=self._memory,
            identity=self._identity,
            outbox=self._outbox,
            clock_state=clock_state,
            sender_clock=SenderClock(),
        )
        downlink = Downlink(
            inbox=self.inbox,
            commands=commands,
            configuration=self.configuration,
            pictures=supervisor.take_pictures,
            session=session,
            tell=self.tell,
        )
        state = StatePublisher(self._state, identity=self._identity, session=session)
        self._discovery = DiscoverySwitch(
            self._appearance, device=self._identity.device, files=self._files, session=session
        )
        self._discovery.configure(self.configuration.in_force.mqtt)
        return (downlink, state, self._discovery)

    @property
    def keepers(self) -> tuple[Callable[[], None], ...]:
        """What writes down again, after `duties`, what must outlive a restart. Each may raise ReachError."""
        return self.configuration.keep, self._memory.keep_all, self._discovery.keep

    def configure(self, mqtt: MqttConfig) -> None:
        """Listen to what these settings ask for from the next connection on, and appear where they say."""
        self.inbox.topics = self._topics(mqtt)
        self._discovery.configure(mqtt)

    def _topics(self, mqtt: MqttConfig) -> tuple[str, ...]:
        return topics_of(self._identity.site, self._identity.device, birth_topics(mqtt))

    def reread(self, read: Callable[[], AgentConfig]) -> AgentConfig:
        """Read the device's file again, and return what is to be in force over it. Raises what ``read`` does."""
        file_config = read()
        changes_between(self._file_config, file_config)
        self._file_config, self._file_sha256 = file_config, file_sha256(file_config)
        self.configuration.file_changed(file_config)
        return self.configuration.in_force

    def close(self) -> None:
        """Hear nothing more, and keep no more of the log."""
        self.inbox.waker.close()
        logging.getLogger("skerry_edge").removeHandler(self._log_tail)

    def tell(self, label: str, text: str) -> None:
        """Report a system event."""
        event = Event(**self._identity.stamp(), kind="system", pipeline=AGENT, label=label, message=text[:4000])
        self._outbox.put((self._identity.topic("event"), event))

    def _state(self) -> AgentState:
        shown = self.configuration.shown
        return AgentState(
            config_version=shown.desired.version,
            config_sha256=shown.sha256,
            file_sha256=self._file_sha256,
            models=self._supervisor.models(),
            slots={AGENT: __version__},
            counts=self._supervisor.counts(),
        )

    def _appearance(self) -> Appearance:
        config = self.configuration.in_force
        cameras = [one for one in config.pipelines if isinstance(one, DetectionPipeline)]
        counts = self._supervisor.counts()
        return Appearance(
            site=config.site,
            device=config.device,
            board=config.board,
            version=__version__,
            pipelines=tuple(one.name for one in config.pipelines),
            listening=tuple(one.name for one in config.pipelines if isinstance(one, WakeWordPipeline)),
            gives_pictures=any(one.snapshot for one in cameras),
            places=frozenset(place for one in cameras for place in _places(one)),
            counted=frozenset((place, label) for place, of_place in counts.items() for label in of_place),
        )


def _places(pipeline: DetectionPipeline) -> list[str]:
    """Return where a pipeline counts, as `Supervisor.counts` names it."""
    return [pipeline.name, *(f"{pipeline.name}/{zone.name}" for zone in pipeline.zones)]

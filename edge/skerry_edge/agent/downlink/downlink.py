"""The way down: reads what the broker sent and gives each message to whom it concerns."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable, Sequence

from skerry_edge.agent.downlink.commands import Commands
from skerry_edge.agent.downlink.configuration import Configuration, Tell
from skerry_edge.agent.downlink.inbox import Inbox
from skerry_edge.agent.life.loop import NEVER_S
from skerry_edge.agent.line.protocol import Picture
from skerry_edge.agent.mqtt.news import Inbound, News, RefusedSubscription, Undelivered
from skerry_edge.agent.mqtt.session import Session
from skerry_edge.contracts.topics import topic_of

_log = logging.getLogger(__name__)
DEAF = "subscription-refused"
"""The label of the system event that says that the device cannot be reached from afar."""
BORN = b"online"
"""What Home Assistant says when it has started (its integration's default)."""
AT_ONCE = 4
"""Messages that are served in one turn of the loop: each may wait for a slow card, and the children wait meanwhile."""
BIRTH_SPREAD_S = 3.0
"""All devices of a house hear it at once."""


def topics_of(site: str, device: str, births: Sequence[str]) -> tuple[str, ...]:
    """Return what a device listens to; ``births`` are where Home Assistant says that it has started."""
    return (topic_of(site, device, "desired"), topic_of(site, device, "command"), *births)


class Downlink:
    """Serves the inbox on every turn of the loop (a Duty)."""

    def __init__(
        self,
        *,
        inbox: Inbox,
        commands: Commands,
        configuration: Configuration,
        pictures: Callable[[], Iterable[Picture]],
        session: Session,
        tell: Tell,
    ) -> None:
        """Serve an inbox that listens to what `topics_of` gives; ``pictures`` takes those that have come."""
        self._inbox = inbox
        self._commands = commands
        self._configuration = configuration
        self._pictures = pictures
        self._session = session
        self._tell = tell
        self._desired_topic, self._command_topic, *_ = inbox.topics
        self._refused: set[str] = set()
        self._renew_s = NEVER_S

    def act(self, now_s: float) -> float:
        """Read what has come, and do what is due (see Duty)."""
        news = self._inbox.take(AT_ONCE)
        for one in news:
            self._serve(one, now_s)
        due_s = self._commands.act(self._pictures(), now_s)
        if now_s >= self._renew_s:
            self._renew_s = NEVER_S
            self._session.renew()
        if news:
            # What was answered waits in the outbox.
            self._session.wake()
        return min(due_s, self._renew_s)

    @property
    def _births(self) -> Sequence[str]:
        return self._inbox.topics[2:]

    def _serve(self, news: News, now_s: float) -> None:
        if isinstance(news, RefusedSubscription):
            self._note_refusal(news)
        elif isinstance(news, Undelivered):
            self._tell(news.label, news.text)
        elif news.topic == self._command_topic:
            self._commands.handle(news, now_s)
        elif news.topic == self._desired_topic:
            self._configuration.handle(news)
        elif news.topic in self._births:
            self._note_birth(news, now_s)

    def _note_refusal(self, refusal: RefusedSubscription) -> None:
        """Tell of a topic that the broker does not let this device listen to, once."""
        if refusal.topic in self._refused:
            return
        self._refused.add(refusal.topic)
        text = (
            f"the broker refuses the subscription to {refusal.topic} ({refusal.reason}): allow it in its access rules"
        )
        _log.warning("%s", text)
        if refusal.topic not in self._births:
            self._tell(DEAF, text)

    def _note_birth(self, arrival: Inbound, now_s: float) -> None:
        # One that is retained tells of a start long ago, and comes with every connect.
        if arrival.payload == BORN and not arrival.retained:
            self._renew_s = now_s + random.uniform(0.0, BIRTH_SPREAD_S)  # noqa: S311  # spreads a fleet

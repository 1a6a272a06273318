"""The retained `state`: published whenever what is true of the device changes, and on every connect."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.life.loop import NEVER_S
from skerry_edge.agent.mqtt.bulletins import Bulletin
from skerry_edge.agent.mqtt.session import Session
from skerry_edge.agent.reports.state import AgentState, Throttle
from skerry_edge.contracts.codec import encode
from skerry_edge.contracts.messages import State

INTERVAL_S = 1.0
"""Objects that come and go may change the counts many times a second."""


class StatePublisher:
    """Asks ``read`` on every turn of the loop, and publishes what differs (a Duty)."""

    def __init__(self, read: Callable[[], AgentState], *, identity: Identity, session: Session) -> None:
        self._read = read
        self._identity = identity
        self._session = session
        self._throttle = Throttle(INTERVAL_S)
        self._published: AgentState | None = None

    def act(self, now_s: float) -> float:
        """Publish a change (see Duty)."""
        state = self._read()
        if state == self._published:
            return NEVER_S
        if not self._throttle.passes(now_s):
            return self._throttle.due_s()
        self._published = state
        self._session.post(Bulletin(topic=self._identity.topic("state"), make=partial(self._payload, state)))
        return NEVER_S

    def _payload(self, state: AgentState) -> bytes:
        return encode(State(**self._identity.stamp(), **state.fields()))

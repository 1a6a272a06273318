"""The device's state in the retained status: told to the session whenever it changes."""

from __future__ import annotations

from skerry_edge.agent.children.supervision import MAX_REASON_CHARS
from skerry_edge.agent.children.supervisor import Supervisor
from skerry_edge.agent.life.loop import NEVER_S
from skerry_edge.agent.life.systemd import Notifier
from skerry_edge.agent.mqtt.announcement import Announcement
from skerry_edge.agent.mqtt.session import Session


class Announcer:
    """Announces `online` or `degraded` with its reason to the fleet and to systemd.

    The reasons are the pipelines' troubles, and what the broker does not take of what must not be lost.
    """

    def __init__(self, *, supervisor: Supervisor, session: Session, notifier: Notifier) -> None:
        self._supervisor = supervisor
        self._session = session
        self._notifier = notifier
        self._announced = Announcement(state="online")

    @property
    def text(self) -> str:
        """The device's state in a line."""
        return ": ".join(part for part in (self._announced.state, self._announced.reason) if part)

    def act(self, now_s: float) -> float:  # noqa: ARG002  # a change is what makes it due, not the time
        """Announce a change (see Duty)."""
        state, reason = self._supervisor.status()
        trouble = self._session.trouble
        if trouble is not None:
            state, reason = "degraded", "; ".join(part for part in (reason, trouble) if part)[:MAX_REASON_CHARS]
        announcement = Announcement(state=state, reason=reason)
        if announcement != self._announced:
            self._announced = announcement
            self._session.announce(announcement)
            self._notifier.status(self.text)
        return NEVER_S

"""The device's state in the retained status: told to the session whenever it changes."""

from __future__ import annotations

from skerry_edge.agent.loop import NEVER_S
from skerry_edge.agent.session import Announcement, Session
from skerry_edge.agent.supervisor import Supervisor


class Announcer:
    """Announces `online` or `degraded` with its reason, as the supervisor sees it."""

    def __init__(self, *, supervisor: Supervisor, session: Session) -> None:
        self._supervisor = supervisor
        self._session = session
        self._announced = Announcement(state="online")

    def act(self, now_s: float) -> float:  # noqa: ARG002  # a change is what makes it due, not the time
        """Announce a change (see Duty)."""
        state, reason = self._supervisor.status()
        announcement = Announcement(state=state, reason=reason)
        if announcement != self._announced:
            self._announced = announcement
            self._session.announce(announcement)
        return NEVER_S

"""The post of whoever brings rollouts forward: its lease, and when somebody is needed for it."""

from __future__ import annotations

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from skerry_server.post_watch import Post
from skerry_server.registry.models import RolloutRow
from skerry_server.rollouts.states import OPEN

LEASE = "rollouts"


def is_open(session: Session) -> bool:
    """Tell whether any rollout is open."""
    return bool(session.scalar(select(exists().where(RolloutRow.state.in_(OPEN)))))


BRINGER = Post(
    lease=LEASE,
    vacancy="rollouts are open, and no process brings them forward: start 'skerry server api' with this registry",
    is_needed=is_open,
)

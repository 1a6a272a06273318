"""How sure the models are of what they tell, version by version."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from skerry_server.registry.events import BEGINNINGS
from skerry_server.registry.models import EventRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Confidence:
    """The events of one model version, an object that lasts counted once, and their mean score."""

    events: int
    mean_score: float


def confidence_by_model(
    session: Session, *, since_ms: int, sites: frozenset[str] | None
) -> dict[tuple[str, str], Confidence]:
    """Return the confidence of each (model, version) with events from ``since_ms`` on, at ``sites`` if given."""
    query = select(EventRow.model, EventRow.model_version, func.count(), func.avg(EventRow.score))
    query = query.where(
        EventRow.received_ms >= since_ms,
        EventRow.phase.in_(BEGINNINGS),
        EventRow.score.is_not(None),
        EventRow.model.is_not(None),
        EventRow.model_version.is_not(None),
    )
    if sites is not None:
        query = query.where(EventRow.site.in_(sites))
    rows = session.execute(query.group_by(EventRow.model, EventRow.model_version))
    return {(row[0], row[1]): Confidence(events=row[2], mean_score=float(row[3])) for row in rows}

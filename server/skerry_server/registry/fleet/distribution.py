"""What the fleet is made of: how many devices are there, and have each version, board, site and model.

``sites`` are those that whoever asks may see, None all; devices out of service are left out.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Literal

from sqlalchemy import ColumnElement, Text, cast, func, select
from sqlalchemy.orm import Session

from skerry_server.registry.fleet.listing import NEVER_HEARD
from skerry_server.registry.models import Device, PresenceRow

Trait = Literal["agent_version", "board", "site"]


def count_states(session: Session, *, sites: frozenset[str] | None = None) -> dict[str, int]:
    """Return the number of devices by the state of their presence; NEVER_HEARD stands for none."""
    query = select(PresenceRow.state, func.count()).select_from(Device)
    query = query.outerjoin(PresenceRow, PresenceRow.device == Device.id).where(*_in_service(sites))
    return {row[0] or NEVER_HEARD: row[1] for row in session.execute(query.group_by(PresenceRow.state))}


def count_by(session: Session, trait: Trait, *, sites: frozenset[str] | None = None) -> dict[str, int]:
    """Return the number of devices by one trait, most first; a device that has not told it is left out."""
    column = {"agent_version": Device.agent_version, "board": Device.board, "site": Device.site}[trait]
    query = select(column, func.count()).where(column.is_not(None), *_in_service(sites))
    rows = session.execute(query.group_by(column).order_by(func.count().desc(), column))
    return {row[0]: row[1] for row in rows if row[0] is not None}


def count_models(session: Session, *, sites: frozenset[str] | None = None) -> dict[str, int]:
    """Return the number of devices that run each `model version`, most first."""
    # Fleets have few different lists of models: the database counts those, and only they are taken apart here.
    models = cast(Device.models, Text)
    rows = session.execute(select(models, func.count()).where(*_in_service(sites)).group_by(models))
    counted: Counter[str] = Counter()
    for text, number in rows:
        for model in json.loads(text):
            counted[model] += number
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def _in_service(sites: frozenset[str] | None) -> list[ColumnElement[bool]]:
    return [Device.decommissioned_ms.is_(None), *([] if sites is None else [Device.site.in_(sites)])]

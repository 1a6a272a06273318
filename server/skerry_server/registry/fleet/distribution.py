"""What the fleet is made of: how many devices have each version, board, site and model."""

from __future__ import annotations

import json
from collections import Counter
from typing import Literal

from sqlalchemy import Text, cast, func, select
from sqlalchemy.orm import Session

from skerry_server.registry.models import Device

Trait = Literal["agent_version", "board", "site"]


def count_by(session: Session, trait: Trait) -> dict[str, int]:
    """Return the number of devices in service by one trait, most first; a device that has not told it is left out."""
    column = {"agent_version": Device.agent_version, "board": Device.board, "site": Device.site}[trait]
    query = select(column, func.count()).where(column.is_not(None), Device.decommissioned_ms.is_(None))
    rows = session.execute(query.group_by(column).order_by(func.count().desc(), column))
    return {row[0]: row[1] for row in rows if row[0] is not None}


def count_models(session: Session) -> dict[str, int]:
    """Return the number of devices in service that run each `model version`, most first."""
    # Fleets have few different lists of models: the database counts those, and only they are taken apart here.
    models = cast(Device.models, Text)
    rows = session.execute(select(models, func.count()).where(Device.decommissioned_ms.is_(None)).group_by(models))
    counted: Counter[str] = Counter()
    for text, number in rows:
        for model in json.loads(text):
            counted[model] += number
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))

"""The guard before the store: tag values and field names are counted, and what would be one too many is refused.

Pure. A store keeps an index entry of each for ever. What a worker counted it forgets when it ends, so the limits bound
how fast an index can grow through it. Devices, which are tag values as well, are counted where they are admitted.
"""

from __future__ import annotations

from collections.abc import Sequence

from skerry_server.config.limits import Limits
from skerry_server.ingest.fleet import Known
from skerry_server.stores.base import Point


class CardinalityGuard:
    """What was let through so far."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._boards: set[str] = set()
        self._models: set[str] = set()
        self._fields: set[str] = set()
        # Devices of one kind send the same fields, so they are looked at once.
        self._layouts: set[tuple[str, ...]] = set()

    def admit(self, known: Known, points: Sequence[Point]) -> str | None:
        """Note the tags and fields of ``points``, all of one device; return why not, where one of them is too many."""
        for point in points:
            if point.measurement == "heartbeat":
                refusal = _add(self._boards, point.tags["board"], self._limits.boards, "boards")
            else:
                refusal = self._admit_pipeline(known, point.tags["pipeline"], point.tags["model"])
            refusal = refusal or self._admit_fields(tuple(point.fields))
            if refusal is not None:
                return refusal
        return None

    def _admit_pipeline(self, known: Known, pipeline: str, model: str) -> str | None:
        if pipeline not in known.pipelines:
            most = self._limits.pipelines_per_device
            if len(known.pipelines) >= most:
                return f"the device has {most} pipelines, which is the limit; found a new one, '{pipeline}'"
            known.pipelines = (*known.pipelines, pipeline)
        return _add(self._models, model, self._limits.models, "models")

    def _admit_fields(self, layout: tuple[str, ...]) -> str | None:
        if layout in self._layouts:
            return None
        for name in layout:
            refusal = _add(self._fields, name, self._limits.fields, "fields")
            if refusal is not None:
                return refusal
        if len(self._layouts) < self._limits.fields:
            self._layouts.add(layout)
        return None


def _add(seen: set[str], value: str, most: int, what: str) -> str | None:
    if value in seen:
        return None
    if len(seen) >= most:
        return f"the fleet has {most} {what}, which is the limit; found a new one, '{value}'"
    seen.add(value)
    return None

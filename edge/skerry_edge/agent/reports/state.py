"""What is true of the device now, as its retained `state` says; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_COUNTS = 200
"""So many counts fit into one message, however long the names of zones and labels are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentState:
    """The fields of the contract's `State`; ``counts`` are by place (`pipeline` or `pipeline/zone`) and label."""

    config_version: int
    config_sha256: str
    file_sha256: str = ""
    models: Mapping[str, str] = field(default_factory=dict)
    slots: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def fields(self) -> dict[str, Any]:
        """Return the fields for a State, no more counts than it can carry."""
        counts: dict[str, dict[str, int]] = {}
        room = MAX_COUNTS
        for place, of_place in self.counts.items():
            kept = dict(list(of_place.items())[: max(0, room)])
            room -= len(kept) + 1
            if room >= 0:
                counts[place] = kept
        return {
            "config_version": self.config_version,
            "config_sha256": self.config_sha256,
            "file_sha256": self.file_sha256,
            "models": dict(self.models),
            "slots": dict(self.slots),
            "counts": counts,
        }


class Throttle:
    """Lets a change pass at most once every ``interval_s``; the last one of a flurry passes late, and is not lost."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._passed_s = float("-inf")

    def due_s(self) -> float:
        """Return when the next change may pass (monotonic seconds)."""
        return self._passed_s + self._interval_s

    def passes(self, now_s: float) -> bool:
        """Tell whether a change passes now, and if so, note that it did."""
        if now_s < self.due_s():
            return False
        self._passed_s = now_s
        return True

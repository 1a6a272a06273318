"""How many objects of each label are there, in all and by zone, once a change has lasted."""

from __future__ import annotations

from collections.abc import Iterable

from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.protocol import Counts
from skerry_edge.agent.watching.debounce import Debounced
from skerry_edge.agent.watching.story import Present

_Key = tuple[str, str]
"""A zone, empty for the whole picture, and a label."""


class Census:
    """Counts what is there. A label that is looked for by name, or was once seen, is counted even when it is 0."""

    def __init__(self, config: DetectionPipeline) -> None:
        self._lasting_s = config.events.debounce_s
        self._zones = [zone.name for zone in config.zones]
        self._counts: dict[_Key, Debounced[int]] = {}
        self._told: Counts | None = None
        for label in config.labels:
            self._know(label)

    @property
    def is_settled(self) -> bool:
        """Whether no count is about to change."""
        return all(counted.is_settled for counted in self._counts.values())

    def count(self, present: Iterable[Present], now_s: float) -> Counts | None:
        """Return the counts where they have changed since they were returned last, and the first time."""
        now: dict[_Key, int] = {}
        for one in present:
            self._know(one.label)
            for zone in ("", *one.zones):
                now[zone, one.label] = now.get((zone, one.label), 0) + 1
        for key, counted in self._counts.items():
            counted.give(now.get(key, 0), now_s)
        return self._news()

    def clear(self) -> Counts | None:
        """Count nothing from now on, at once, and return the counts where that is a change."""
        self._counts = {key: Debounced(0, self._lasting_s) for key in self._counts}
        return self._news()

    def _know(self, label: str) -> None:
        for zone in ("", *self._zones):
            self._counts.setdefault((zone, label), Debounced(0, self._lasting_s))

    def _news(self) -> Counts | None:
        counts = self._now()
        if counts == self._told:
            return None
        self._told = counts
        return counts

    def _now(self) -> Counts:
        def of(zone: str) -> dict[str, int]:
            return {label: counted.value for (place, label), counted in self._counts.items() if place == zone}

        return Counts(everywhere=of(""), zones={zone: of(zone) for zone in self._zones})

"""How many objects of each label are there, in all and by zone, once a change has lasted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.line.protocol import Counts
from skerry_edge.agent.watching.debounce import Debounced
from skerry_edge.agent.watching.story import Present

EVERYWHERE = ""
"""Stands for the whole picture among the zones."""


class Census:
    """Counts what is there. A label that is looked for by name, or was once seen, is counted even when it is 0."""

    def __init__(self, config: DetectionPipeline) -> None:
        self._lasting_s = config.events.debounce_s
        self._places: dict[str, dict[str, Debounced[int]]] = {EVERYWHERE: {}, **{one.name: {} for one in config.zones}}
        self._told: Counts | None = None
        for label in config.labels:
            self._know(label)

    @property
    def is_settled(self) -> bool:
        """Whether no count is about to change."""
        return all(counted.is_settled for labels in self._places.values() for counted in labels.values())

    def count(self, present: Iterable[Present], now_s: float) -> Counts | None:
        """Return the counts where they have changed since they were returned last, and the first time."""
        now: Counter[tuple[str, str]] = Counter()
        for one in present:
            self._know(one.label)
            now.update((place, one.label) for place in (EVERYWHERE, *one.zones))
        for place, labels in self._places.items():
            for label, counted in labels.items():
                counted.give(now[place, label], now_s)
        return self._news()

    def clear(self) -> Counts | None:
        """Count nothing from now on, at once, and return the counts where that is a change."""
        for labels in self._places.values():
            labels.update({label: Debounced(0, self._lasting_s) for label in labels})
        return self._news()

    def _know(self, label: str) -> None:
        if label not in self._places[EVERYWHERE]:
            for labels in self._places.values():
                labels[label] = Debounced(0, self._lasting_s)

    def _news(self) -> Counts | None:
        zones = {
            place: {label: counted.value for label, counted in labels.items()} for place, labels in self._places.items()
        }
        counts = Counts(everywhere=zones.pop(EVERYWHERE), zones=zones)
        if counts == self._told:
            return None
        self._told = counts
        return counts

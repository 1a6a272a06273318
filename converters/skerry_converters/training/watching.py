"""How a run tells how far it is."""

from __future__ import annotations

from typing import Protocol

from skerry_converters.training.metrics import TrainingEntry, ValidationEntry


class Watcher(Protocol):
    """Told about a run as it goes."""

    def preparing(self, what: str, done: int, total: int) -> None:
        """Say how much is done of what comes before training."""
        ...

    def advanced(self, done: float) -> None:
        """Say which share of the whole run is done; called at every step."""
        ...

    def measured(self, entry: TrainingEntry | ValidationEntry) -> None:
        """Pass on what was logged."""
        ...

    def note(self, text: str) -> None:
        """Say something that is worth a line."""
        ...

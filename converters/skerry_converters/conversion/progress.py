"""How a conversion tells how far it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told about steps, and about the parts of a step that goes over many samples."""

    def expect(self, steps: int) -> None:
        """Say how many steps there will be."""
        ...

    def step(self, what: str) -> None:
        """Say what begins now."""
        ...

    def part(self, done: int, total: int) -> None:
        """Say how much of the present step is done."""
        ...

    def note(self, what: str) -> None:
        """Say what is done now, which no step was expected for."""
        ...


class Silence:
    """Tells nobody."""

    def expect(self, steps: int) -> None:
        """Say nothing."""

    def step(self, what: str) -> None:
        """Say nothing."""

    def part(self, done: int, total: int) -> None:
        """Say nothing."""

    def note(self, what: str) -> None:
        """Say nothing."""

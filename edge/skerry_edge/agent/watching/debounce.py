"""A value that changes only when the change has lasted."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Debounced(Generic[T]):
    """Holds ``value`` until another one has been given for ``lasting_s`` without a break."""

    def __init__(self, value: T, lasting_s: float) -> None:
        self.value = value
        self._lasting_s = lasting_s
        self._coming = value
        self._since_s = 0.0

    @property
    def is_settled(self) -> bool:
        """Whether no other value is on its way."""
        return self.value == self._coming

    def give(self, value: T, now_s: float) -> T:
        """Take what is seen now and return the value that holds."""
        if value != self._coming:
            self._coming, self._since_s = value, now_s
        if now_s - self._since_s >= self._lasting_s:
            self.value = self._coming
        return self.value

"""Outboxes on a disk that can be damaged, and what they hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skerry_edge.agent.life.clock import clock_state
from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.outbox import database, keeper
from skerry_edge.agent.outbox.outbox import FILE, Outbox
from skerry_edge.contracts.messages import Event


class Device:
    """A device with one outbox at a time, which may be opened again and again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / FILE
        self.log = folder / f"{FILE}-wal"
        self.identity = Identity(site="garden", device="cam-1", session="00000001-0000abcd", clock=clock_state)
        self._opened: list[Outbox] = []

    def open(self, max_bytes: int = 1 << 20) -> Outbox:
        self._opened.append(Outbox(self.folder, max_bytes=max_bytes, identity=self.identity))
        return self._opened[-1]

    def put(self, outbox: Outbox, *labels: str) -> None:
        """Have the outbox accept an event for each label, all at once."""
        topic = self.identity.topic("event")
        outbox.put(*((topic, self.event(label)) for label in labels))

    def event(self, label: str) -> Event:
        return Event(**self.identity.stamp(), kind="detection", pipeline="gate", label=label)

    def labels(self, outbox: Outbox, limit: int = 100_000) -> list[str]:
        """The labels of the events that wait, without those of the outbox itself."""
        return [one.label for one in self.events(outbox, limit) if one.kind != "system"]

    def notices(self, outbox: Outbox) -> list[Event]:
        """What the outbox tells the fleet of itself."""
        return [one for one in self.events(outbox) if one.kind == "system"]

    def events(self, outbox: Outbox, limit: int = 100_000) -> list[Event]:
        return [one.message for one in outbox.pending((), limit) if isinstance(one.message, Event)]

    def close(self) -> None:
        for one in self._opened:
            one.close()


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    """A device whose state directory is empty."""
    made = Device(tmp_path)
    yield made
    made.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a disk that took nothing be tried again at every chance, and one that somebody holds not waited for."""
    monkeypatch.setattr(keeper, "RETRY_S", 0.0)
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.0)

"""Both ends of the line between parent and child, in one process."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from skerry_edge.agent.line.line_buffer import LineBuffer
from skerry_edge.agent.line.link import Link
from skerry_edge.agent.line.protocol import Report, decode_report


class ParentEnd:
    """What the parent receives."""

    def __init__(self, line: socket.socket) -> None:
        self.line = line
        self._lines = LineBuffer()

    def reports(self) -> list[Report]:
        """Return what has been sent since the last call."""
        self.line.setblocking(False)
        try:
            return [decode_report(line) for line in self._lines.feed(self.line.recv(1 << 20))]
        except BlockingIOError:
            return []


@pytest.fixture
def ends() -> Iterator[tuple[Link, ParentEnd]]:
    """A child's link and the parent's end of it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Link(theirs), ParentEnd(ours)

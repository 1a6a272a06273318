"""The parent's end of the line to one pipeline: reports come in, orders go out."""

from __future__ import annotations

import select
import socket

from skerry_edge.agent.line.line_buffer import LineBuffer
from skerry_edge.agent.line.protocol import Order, Report, Start, decode_report, encode_line

_READ_BYTES = 65536


class Line:
    """One end of a socket pair; it never blocks."""

    def __init__(self, ours: socket.socket) -> None:
        self._socket = ours
        self._socket.settimeout(0)
        self._lines = LineBuffer()

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._socket.fileno()

    def read(self) -> list[Report] | None:
        """Return what has come, or None when the pipeline has hung up. Raises ProtocolError."""
        try:
            piece = self._socket.recv(_READ_BYTES)
        except BlockingIOError:
            return []
        except ConnectionResetError:
            return None
        return [decode_report(line) for line in self._lines.feed(piece)] if piece else None

    def has_news(self) -> bool:
        """Tell whether `read` would give something new."""
        return bool(select.select([self._socket], [], [], 0)[0])

    @property
    def is_within_message(self) -> bool:
        """Whether the beginning of a message was read, and not its end."""
        return self._lines.is_within_line

    def send(self, order: Start | Order) -> bool:
        """Send an order; False where the pipeline is gone, or reads so little that there is no room for one."""
        try:
            self._socket.sendall(encode_line(order))
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            return False
        return True

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

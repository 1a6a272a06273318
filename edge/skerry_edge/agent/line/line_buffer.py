"""Cutting what comes over the line into its messages, whatever the pieces it comes in."""

from __future__ import annotations

from skerry_edge.agent.line.protocol import MAX_LINE_BYTES, ProtocolError


class LineBuffer:
    """Cuts a stream of bytes into lines of at most ``max_bytes``, whatever the pieces it arrives in."""

    def __init__(self, max_bytes: int = MAX_LINE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._rest = b""

    @property
    def is_within_line(self) -> bool:
        """Whether the beginning of a line has come, and not its end."""
        return bool(self._rest)

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the lines that ``piece`` completes, without their ends. Raises ProtocolError for a line too long."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if max(len(one) for one in (*lines, self._rest)) > self._max_bytes:
            raise ProtocolError("a line between parent and child is too long", found=f"over {self._max_bytes} bytes")
        return lines

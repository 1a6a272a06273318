"""The child's side of the line to its parent."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Literal

from skerry_edge.agent.protocol import (
    MAX_LINE_BYTES,
    Box,
    Ended,
    Failed,
    Finding,
    LineBuffer,
    Order,
    Progress,
    ProtocolError,
    Ready,
    Report,
    Start,
    decode_order,
    decode_start,
    encode_line,
)
from skerry_edge.foundation.redaction import redact

MAX_TEXT_CHARS = 1000
MAX_NAME_CHARS = 128


class Link:
    """Sends reports, each one whole; ``stop`` is set when the parent asks the child to end.

    Every method that sends raises BrokenPipeError or ConnectionResetError when the parent is gone. Used by one thread.
    """

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._lines = LineBuffer()
        self._ordered: list[bytes] = []
        self.stop = threading.Event()

    def receive_start(self) -> Start:
        """Wait for the parent's first message. Raises ProtocolError when the parent ends the line instead."""
        while True:
            piece = self._line.recv(MAX_LINE_BYTES)
            if not piece:
                raise ProtocolError("the parent said nothing")
            complete = self._lines.feed(piece)
            if complete:
                self._ordered = complete[1:]
                return decode_start(complete[0])

    def orders(self) -> list[Order]:
        """Return what the parent has ordered since the last call, without waiting. Raises ProtocolError."""
        with contextlib.suppress(BlockingIOError):  # nothing more has come
            self._ordered += self._lines.feed(self._line.recv(MAX_LINE_BYTES, socket.MSG_DONTWAIT))
        ordered, self._ordered = self._ordered, []
        return [decode_order(line) for line in ordered]

    def ready(self, *, model: str, model_version: str, backend: str, second_choice: str | None = None) -> None:
        """Say that the model is loaded and runs."""
        self.report(
            Ready(
                model=name_of(model),
                model_version=name_of(model_version),
                backend=backend,
                second_choice=None if second_choice is None else text_of(second_choice),
            )
        )

    def progress(
        self,
        *,
        frames: int = 0,
        errors: int = 0,
        drops: dict[str, int] | None = None,
        stages_ms: dict[str, float] | None = None,
    ) -> None:
        """Show that the child is alive, and what it did since the last call."""
        stages_ms = {stage: round(elapsed_ms, 3) for stage, elapsed_ms in (stages_ms or {}).items()}
        self.report(Progress(frames=frames, errors=errors, drops=drops or {}, stages_ms=stages_ms))

    def find(
        self,
        kind: Literal["detection", "wakeword", "system"],
        label: str,
        *,
        ts_ms: int,
        score: float | None = None,
        box: Box | None = None,
        latency_ms: float | None = None,
        message: str | None = None,
    ) -> None:
        """Report an event that does not last; ``ts_ms`` is when it was captured, in Unix milliseconds."""
        self.report(
            Finding(
                kind=kind,
                label=name_of(label),
                ts=ts_ms,
                decided_ns=time.monotonic_ns(),
                score=None if score is None else round(score, 4),
                box=box,
                latency_ms=None if latency_ms is None else round(latency_ms, 3),
                message=None if message is None else text_of(message),
            )
        )

    def failed(self, reason: str) -> None:
        """Say why the child gives up; it ends next."""
        self.report(Failed(reason=text_of(reason)))

    def ended(self) -> None:
        """Say that the source came to its end; the child ends next."""
        self.report(Ended())

    def send_line(self, line: bytes) -> None:
        """Send a line as it is, its end included."""
        self._line.sendall(line)

    def report(self, report: Report) -> None:
        """Send any report."""
        self.send_line(encode_line(report))


def text_of(text: str) -> str:
    """Return ``text`` as a report may carry it: without secrets and not too long."""
    return redact(text)[:MAX_TEXT_CHARS]


def name_of(text: str) -> str:
    """Return ``text`` as a name of the contract: not empty and not too long."""
    return text[:MAX_NAME_CHARS] or "unnamed"

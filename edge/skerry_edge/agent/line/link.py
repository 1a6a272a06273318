"""The child's side of the line to its parent."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Literal

from skerry_edge.agent.line.blame import Blame
from skerry_edge.agent.line.line_buffer import LineBuffer
from skerry_edge.agent.line.protocol import (
    MAX_LINE_BYTES,
    Box,
    Ended,
    Failed,
    Finding,
    Go,
    Order,
    Progress,
    ProtocolError,
    Reached,
    Ready,
    Report,
    SourceState,
    Stage,
    Start,
    decode_order,
    decode_start,
    encode_line,
)
from skerry_edge.foundation.redaction import redact

MAX_TEXT_CHARS = 1000
MAX_NAME_CHARS = 128


class Link:
    """Sends reports, each one whole; ``stop`` is set when the pipeline is to end.

    A pipeline that waits for its source beats (`progress`) at least every half second all the same: its silence is
    taken for a hang, the sooner the steadier it was before. Every method that sends raises BrokenPipeError or
    ConnectionResetError when the parent is gone. Used by one thread.
    """

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._lines = LineBuffer()
        self._ordered: list[Order] = []
        self._stands_by = False
        self.is_ready = False
        """Whether the parent was told that the model is loaded and runs."""
        self.stop = threading.Event()

    def receive_start(self) -> Start:
        """Wait for the parent's first message. Raises ProtocolError when the parent ends the line instead."""
        while True:
            piece = self._line.recv(MAX_LINE_BYTES)
            if not piece:
                raise ProtocolError("the parent said nothing")
            complete = self._lines.feed(piece)
            if complete:
                self._ordered = [decode_order(line) for line in complete[1:]]
                start = decode_start(complete[0])
                self._stands_by = start.stands_by
                return start

    def orders(self) -> list[Order]:
        """Return what the parent has ordered since the last call, without waiting. Raises ProtocolError."""
        with contextlib.suppress(BlockingIOError):  # nothing more has come
            self._hear(socket.MSG_DONTWAIT)
        ordered, self._ordered = self._ordered, []
        return ordered

    def tell_to_stop(self) -> None:
        """Have the pipeline end; the one method that another thread may call."""
        self.stop.set()
        with contextlib.suppress(OSError):  # closed already, with the pipeline's end
            self._line.shutdown(socket.SHUT_RD)  # ends the wait of one that stands by

    def _hear(self, flags: int = 0) -> bool:
        """Take what the parent has sent; False where it will send no more. Raises BlockingIOError, ProtocolError."""
        piece = self._line.recv(MAX_LINE_BYTES, flags)
        self._ordered += [decode_order(line) for line in self._lines.feed(piece)]
        return bool(piece)

    def _wait_for_go(self) -> None:
        while Go() not in self._ordered:
            if not self._hear():
                self.stop.set()
                return
        self._ordered.remove(Go())

    def reached(self, stage: Stage) -> None:
        """Say that the next stage of becoming ready begins."""
        self.report(Reached(stage=stage))

    def ready(self, *, model: str, model_version: str, backend: str) -> None:
        """Say that the model is loaded and runs; one that stands by returns when it is its turn, or to stop."""
        self.report(Ready(model=name_of(model), model_version=name_of(model_version), backend=backend))
        self.is_ready = True
        if self._stands_by:
            self._wait_for_go()

    def progress(
        self,
        *,
        frames: int = 0,
        unjudged: int = 0,
        errors: int = 0,
        drops: dict[str, int] | None = None,
        stages_ms: dict[str, float] | None = None,
    ) -> None:
        """Show that the child is alive, and what it did since the last call."""
        stages_ms = {stage: round(elapsed_ms, 3) for stage, elapsed_ms in (stages_ms or {}).items()}
        done = Progress(frames=frames, unjudged=unjudged, errors=errors, drops=drops or {}, stages_ms=stages_ms)
        self.report(done)

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

    def source_state(self, reason: str | None) -> None:
        """Say why the source gives nothing, or nothing new; None when it is well again."""
        self.report(SourceState(reason=None if reason is None else text_of(reason)))

    def failed(self, reason: str, blame: Blame) -> None:
        """Say why the child gives up, and what that says about the backend; it ends next."""
        self.report(Failed(reason=text_of(reason), blame=blame))

    def ended(self) -> None:
        """Say that the source came to its end, or that the pipeline was told to stop; the child ends next."""
        self.report(Ended(stopped=self.stop.is_set()))

    def close(self) -> None:
        """Hang up."""
        self._line.close()

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

"""One child process: its start, its lines, its log and its end."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from typing import IO

from skerry_edge.agent.children.log_lines import LogLines
from skerry_edge.agent.line.line import Line
from skerry_edge.foundation.signal_names import signal_name

_READ_BYTES = 65536
_REAP_S = 0.5


class ChildProcess:
    """A running child, with a control socket; stdout and stderr are one stream of log lines, which never blocks.

    The child leads a process group, so killing it takes what it started along.
    """

    def __init__(self, *, stdin: int | None, environment: Mapping[str, str]) -> None:
        """Start the child; ``stdin`` as in subprocess. Raises OSError where the system has no room for it."""
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "skerry_edge.agent.children.child", str(theirs.fileno()), str(os.getpid())],
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                # The directory that the agent happens to be started in is no place to import from, and `-m` does.
                cwd="/",
                env=environment,
            )
        except OSError:
            self._control.close()
            raise
        finally:
            theirs.close()
        assert self._process.stdout is not None  # noqa: S101  # asked for above
        self.log: IO[bytes] = self._process.stdout
        self._log_lines = LogLines()
        self._lines = 0
        self._control.settimeout(0)
        os.set_blocking(self.log.fileno(), False)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def open_line(self) -> tuple[int, Line]:
        """Begin a line to one more pipeline in the child; return its number and our end of it.

        A child that is dead already is found by the end of the line, like any other. Raises OSError where the system
        has no room for it.
        """
        ours, theirs = socket.socketpair()
        try:
            with theirs, contextlib.suppress(BrokenPipeError, ConnectionResetError):
                socket.send_fds(self._control, [b"line"], [theirs.fileno()])
        except OSError:
            ours.close()
            raise
        self._lines += 1
        return self._lines - 1, Line(ours)

    def stop_line(self, number: int) -> None:
        """Ask the pipeline behind a line to end; one that can no longer hear is for `kill`."""
        self._order(str(number))

    def set_log_level(self, level: str) -> None:
        """Have the child log from this level on."""
        self._order(level)

    def _order(self, text: str) -> None:
        with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
            self._control.send(text.encode())

    def read_log(self) -> list[str] | None:
        """Return the log lines that have come, or None when there will be no more."""
        piece = read_now(self.log.fileno())
        if piece is None:
            return []
        return self._log_lines.feed(piece) if piece else None

    def remaining_log(self) -> list[str]:
        """Return the log lines that are left when the child is gone, the unfinished one too."""
        lines: list[str] = []
        while more := self.read_log():
            lines += more
        return lines + self._log_lines.close()

    def kill(self) -> None:
        """End the child and all that it started, at once; harmless when it is gone already."""
        if self._process.returncode is None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return  # ended on its own and not yet reaped

    def reap(self) -> str | None:
        """Wait briefly for the end of a child that was killed or closed its pipe; say how it ended.

        None means that it did not end: the kernel holds it, as a stuck driver does.
        """
        try:
            code = self._process.wait(_REAP_S)
        except subprocess.TimeoutExpired:
            return None
        return f"ended by {signal_name(-code)}" if code < 0 else f"ended with exit code {code}"

    def close(self) -> None:
        """Close both streams."""
        self._control.close()
        self.log.close()


def read_now(descriptor: int) -> bytes | None:
    """Read what a descriptor that does not block has; None means nothing now, no bytes mean the end."""
    try:
        return os.read(descriptor, _READ_BYTES)
    except BlockingIOError:
        return None

"""A program whose output is a stream: started, read with a deadline, and ended with all that it started."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import select
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from skerry_edge.foundation.bound_life import bound_command
from skerry_edge.foundation.errors import MissingError
from skerry_edge.foundation.redaction import redact

DESCRIPTOR: Final = "{descriptor}"
"""What stands in a command line for the number of the descriptor that the stream is to be written to.

Without it the stream is the standard output; with it, whatever is printed there goes to the log.
"""
STOP_S = 1.0
"""How long a program may take to let go of its device when it is asked to end."""
_PIPE_BYTES = 1 << 20
_POLL_S = 0.01
_MAX_LINE_BYTES = 1 << 16
"""A longer line is dropped whole: cut anywhere, it could show half of a secret that is masked only as a whole."""
_MAX_TEXT_CHARS = 300
_MAX_LINES = 100
_LAST_LINES = 8
_log = logging.getLogger(__name__)


class StreamProgram:
    """A running program. It leads a process group of its own and does not outlive this process.

    What it complains of goes to the log line by line, secrets masked, and the end of it is kept for the error.
    """

    def __init__(self, command: Sequence[str], *, install: str) -> None:
        """Start ``command``; ``install`` says how to get the program. Raises MissingError where that cannot be done."""
        path = shutil.which(command[0])
        if path is None:
            raise MissingError(f"the program '{command[0]}' is not installed", todo=install)
        self.name = Path(command[0]).name
        stream, stream_writer = os.pipe()
        complaints, complaints_writer = os.pipe()
        try:
            self._process = _start(path, command[1:], stream_writer, complaints_writer)
        except OSError as error:
            os.close(stream)
            os.close(complaints)
            raise MissingError(f"cannot start '{command[0]}'", found=error.strerror) from error
        finally:
            os.close(stream_writer)
            os.close(complaints_writer)
        self.descriptor = stream
        self._is_open = True
        self._reaping = threading.Lock()
        """Held while the program is reaped: after that its number may be another's."""
        self._complaints = _Complaints(complaints, self.name)

    def read(self, max_bytes: int, timeout_s: float) -> bytes | None:
        """Return what has come, no bytes at the stream's end, and None where nothing comes within ``timeout_s``."""
        ready, _, _ = select.select([self.descriptor], [], [], timeout_s)
        return os.read(self.descriptor, max_bytes) if ready else None

    def last_words(self) -> str:
        """Return what the program complained of in the end, secrets masked; to be asked when it has ended.

        Of its last few lines that is the first that tells of an error, as others only follow from it, or else the last.
        """
        self._complaints.join()
        lines = self._complaints.last
        return next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "no reason given")

    def ask_to_end(self) -> None:
        """Have the program let go of its device and end, which the stream's end tells; any thread may call it."""
        with self._reaping:
            if self._process.returncode is None:
                # Not by Popen's own methods, which reap a leader that has ended.
                os.killpg(self._process.pid, signal.SIGTERM)

    def end(self) -> int:
        """End the program and all that it started, and return its exit code (negative: the signal that ended it)."""
        if self._process.returncode is not None:
            return self._process.returncode
        self.ask_to_end()
        if not self._has_ended_within(STOP_S):
            _log.warning("%s does not end when asked, and is killed", self.name)
        with self._reaping:
            os.killpg(self._process.pid, signal.SIGKILL)
            return self._process.wait()

    def close(self) -> None:
        """End the program and close the stream; closing twice is harmless."""
        self.end()
        if self._is_open:
            self._is_open = False
            os.close(self.descriptor)
        self._complaints.join()

    def _has_ended_within(self, timeout_s: float) -> bool:
        end_s = time.monotonic() + timeout_s
        while os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if time.monotonic() > end_s:
                return False
            time.sleep(_POLL_S)
        return True


def _start(path: str, arguments: Sequence[str], stream: int, complaints: int) -> subprocess.Popen[bytes]:
    # Frames are large: the kernel's 64 KiB would wake both sides for every few rows. An ordinary user may have no more.
    with contextlib.suppress(PermissionError):
        fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    by_descriptor = any(DESCRIPTOR in one for one in arguments)
    return subprocess.Popen(
        bound_command([path, *(one.replace(DESCRIPTOR, str(stream)) for one in arguments)]),
        stdin=subprocess.DEVNULL,
        stdout=complaints if by_descriptor else stream,
        stderr=complaints,
        pass_fds=[stream] if by_descriptor else [],
        start_new_session=True,
    )


class _Complaints:
    """Drains what a program writes to stderr, so that it never blocks on it."""

    def __init__(self, descriptor: int, name: str) -> None:
        self.last: deque[str] = deque(maxlen=_LAST_LINES)
        self._descriptor = descriptor
        self._name = name
        self._lines = 0
        self._thread = threading.Thread(target=self._drain, name=f"{name}-stderr", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait until the program's side is closed, for a while."""
        self._thread.join(STOP_S)

    def _drain(self) -> None:
        rest = b""
        with os.fdopen(self._descriptor, "rb", buffering=0) as pipe:
            while data := pipe.read(4096):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self._note(line)
                rest = rest[: _MAX_LINE_BYTES + 1]
        self._note(rest)

    def _note(self, line: bytes) -> None:
        is_short = len(line) <= _MAX_LINE_BYTES
        text = redact(line.decode("utf-8", errors="replace").strip()) if is_short else "(a line too long to show)"
        text = text[-_MAX_TEXT_CHARS:]
        if not text:
            return
        self.last.append(text)
        self._lines += 1
        if self._lines <= _MAX_LINES:
            _log.info("%s: %s", self._name, text)
        elif self._lines == _MAX_LINES + 1:
            _log.info("%s says more, which is not logged", self._name)

"""The update worker as the agent sees it: started with a job, heard while it works, killed when its time is up."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from selectors import EVENT_READ, BaseSelector
from typing import IO

import msgspec

from skerry_edge.agent.children.process import read_now
from skerry_edge.foundation.module_program import module_command
from skerry_edge.ota.job import Job, Progress

_log = logging.getLogger(__name__)
MODULE = "skerry_edge.ota.worker"
_MAX_LINE_BYTES = 4096
_KILLED_S = 5.0
_progress: msgspec.json.Decoder[Progress] = msgspec.json.Decoder(Progress)


class Program:
    """One worker at a time. Its words are mere progress; where the update stands, the journal says."""

    def __init__(
        self,
        selector: BaseSelector,
        environment: Mapping[str, str],
        module: str = MODULE,
        *,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare; ``environment`` is the worker's, and ``on_end`` is called when there is none any more."""
        self._selector = selector
        self._environment = environment
        self._module = module
        self._on_end = on_end
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None
        self._rest = b""
        self.progress: Progress | None = None
        """The newest that it told of its download."""

    @property
    def is_running(self) -> bool:
        """Whether there is a worker."""
        return self._process is not None

    def start(self, job: Job) -> None:
        """Start a worker on a job. Raises OSError where the system has no room for it."""
        process = subprocess.Popen(
            module_command(self._module, str(os.getpid())),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # What it logs goes where the agent's own log goes.
            stderr=None,
            start_new_session=True,
            cwd="/",
            env=self._environment,
        )
        assert process.stdin is not None  # noqa: S101  # asked for above
        assert process.stdout is not None  # noqa: S101
        self._process, self._output, self._rest, self.progress = process, process.stdout, b"", None
        os.set_blocking(process.stdout.fileno(), False)
        self._selector.register(process.stdout, EVENT_READ, self._read)
        try:
            # A job is far smaller than a pipe holds.
            process.stdin.write(msgspec.json.encode(job))
            process.stdin.close()
        except OSError as error:
            _log.warning("the update worker does not take its job: %s", error.strerror)

    def kill(self) -> None:
        """End the worker now; harmless where there is none."""
        if self._process is not None:
            # With it goes what it tries a model in.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._close()

    def _read(self) -> None:
        if self._output is None:
            return
        piece = read_now(self._output.fileno())
        if piece is None:
            return
        if not piece:
            self._close()
            return
        *lines, rest = (self._rest + piece).split(b"\n")
        self._rest = rest[-_MAX_LINE_BYTES:]
        try:
            self.progress = _progress.decode(lines[-1]) if lines else self.progress
        except (msgspec.DecodeError, UnicodeDecodeError):
            _log.debug("the update worker says something that is no progress: %r", lines[-1][:100])

    def _close(self) -> None:
        """Reap the worker, which has closed its output or was killed."""
        process, output = self._process, self._output
        if process is None or output is None:
            return
        self._selector.unregister(output)
        output.close()
        try:
            process.wait(_KILLED_S)
        except subprocess.TimeoutExpired:
            # It closed its output and goes on: it must not write beside the agent.
            process.kill()
            process.wait()
        self._process = self._output = None
        self._on_end()

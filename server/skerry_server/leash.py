"""Programs that end with the process that started them, even where that one is killed.

Run as a program (``python -m skerry_server.leash PARENT COMMAND…``), it asks Linux to send SIGTERM to itself when
its parent dies (prctl(2), PR_SET_PDEATHSIG, which outlives exec) and becomes the command.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from skerry_edge.foundation.errors import MissingError

PR_SET_PDEATHSIG = 1
STOP_S = 10.0


class LeashedProcess:
    """A program in a session of its own, so that Ctrl-C at the terminal reaches only who started it; it runs in `/`.

    Linux ties the leash to the thread that starts the program: start it from one that lives as long as it should.
    Both its outputs go to ``output``, its errors to ``errors`` where that is given; ``environment`` is added to this
    process's. Raises MissingError where the program cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        output: IO[bytes] | None = None,
        errors: int | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = Path(command[0]).name
        leash = [sys.executable, "-m", "skerry_server.leash", str(os.getpid()), *command]
        try:
            self._process = subprocess.Popen(
                leash,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output if errors is None else errors,
                env=os.environ | dict(environment or {}),
                start_new_session=True,
                # Whatever lies in the directory where somebody calls `skerry` is not to be imported, and `-m` does.
                cwd="/",
            )
        except OSError as error:
            raise MissingError("a program cannot be started", where=self.name, found=error.strerror) from error

    @property
    def pid(self) -> int:
        """The process id, which stays when the leash becomes the command."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """Return how the program ended, None while it runs."""
        return self._process.poll()

    def stop(self) -> int:
        """End the program, politely first, and return its exit code."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
        return self._process.wait()


def main(arguments: Sequence[str]) -> None:
    """Become the command in ``arguments[1:]``, on the leash of the process ``arguments[0]``."""
    parent, command = int(arguments[0]), list(arguments[1:])
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    # Asked too late: the parent died before the leash held.
    if os.getppid() != parent:
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606  # an argument list, no shell


if __name__ == "__main__":
    main(sys.argv[1:])

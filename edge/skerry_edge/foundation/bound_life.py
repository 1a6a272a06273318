"""Processes that end with whoever started them, however that ends; run as a script, it becomes such a program."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
NOT_STARTED = 127
"""The exit code of a program that could not be started, as a shell gives it."""


def die_with_parent(parent_pid: int) -> None:
    """Have the kernel kill this process when its parent ends, even while this one is stuck.

    It is the thread that started this process whose end counts. The parent may have died before the call; then this
    process ends now. What this process becomes by `exec` is killed too. See prctl(2).
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:
        sys.exit(0)


def bound_command(command: list[str]) -> list[str]:
    """Return a command line that becomes ``command`` in a process that ends with this one.

    A small Python does it between fork and exec, since `preexec_fn` may lock up in a process with threads.
    """
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command]


def main() -> None:
    """Run as `bound_life.py PARENT_PID PROGRAM ARGUMENT...`."""
    die_with_parent(int(sys.argv[1]))
    # Python ignores it, and what a process ignores stays ignored: the program would write on to nobody.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606  # becoming another program is what this is for
    except OSError as error:
        sys.stderr.write(f"cannot start {sys.argv[2]}: {error.strerror}\n")
        sys.exit(NOT_STARTED)


if __name__ == "__main__":
    main()

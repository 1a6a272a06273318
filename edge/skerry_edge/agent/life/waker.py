"""Wakes a thread that sleeps in select or poll, from another thread or a signal handler."""

from __future__ import annotations

import os
import select


class Waker:
    """A pipe to put among the descriptors that a loop waits for."""

    def __init__(self) -> None:
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        os.set_blocking(self._write_end, False)
        self._is_open = True

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._read_end

    def wake(self) -> None:
        """Make the descriptor readable; any number of calls are one wake, and none once it is closed."""
        if not self._is_open:
            return
        try:
            os.write(self._write_end, b"\0")
        except BlockingIOError:
            return  # the pipe is full, so the sleeper is about to wake

    def wait(self, timeout_s: float) -> None:
        """Sleep for ``timeout_s`` or until woken."""
        poll = select.poll()
        poll.register(self._read_end, select.POLLIN)
        poll.poll(timeout_s * 1000)
        self.clear()

    def clear(self) -> None:
        """Make the descriptor wait again."""
        try:
            while os.read(self._read_end, 4096):
                continue
        except BlockingIOError:
            return  # empty, which is what was wanted

    def close(self) -> None:
        """Give the pipe back, once; nobody may sleep on it afterwards."""
        if self._is_open:
            # Their numbers may soon stand for other files: nothing may be written to those.
            self._is_open = False
            os.close(self._read_end)
            os.close(self._write_end)

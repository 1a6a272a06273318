"""Telling systemd how the agent does: the datagrams of sd_notify(3), which need no library."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Mapping

from skerry_edge.agent.life.loop import NEVER_S

_log = logging.getLogger(__name__)
VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
"""What systemd tells the main process by; they are no business of its children's."""


class Notifier:
    """Sends states to the service manager; without one that listens, it does nothing."""

    def __init__(self, address: str | None) -> None:
        """Prepare; ``address`` is a socket's path, or a name in the abstract name space after an `@`."""
        self._address = None if not address else "\0" + address[1:] if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.settimeout(0)

    def ready(self, text: str) -> None:
        """Say that the start, or a reload, is done; ``text`` is what `systemctl status` shows."""
        self._tell(READY="1", STATUS=text)

    def status(self, text: str) -> None:
        """Say in a line how it goes."""
        self._tell(STATUS=text)

    def reloading(self) -> None:
        """Say that the configuration is being read again; `ready` says that it is done."""
        self._tell(RELOADING="1", MONOTONIC_USEC=str(time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000))

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._tell(STOPPING="1", STATUS="stopping")

    def watchdog(self) -> None:
        """Say that the process is alive."""
        self._tell(WATCHDOG="1")

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def _tell(self, **fields: str) -> None:
        if self._address is None:
            return
        lines = (f"{name}={' '.join(value.split())}" for name, value in fields.items())
        try:
            self._socket.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            _log.warning("the service manager cannot be told %s: %s", ", ".join(fields), error.strerror)


def watchdog_interval_s(environment: Mapping[str, str], pid: int) -> float | None:
    """Return how often systemd wants to hear from process ``pid``, None where it does not (sd_watchdog_enabled(3))."""
    usec = environment.get("WATCHDOG_USEC", "")
    if not (usec.isascii() and usec.isdecimal()) or int(usec) == 0:
        return None
    return int(usec) / 1e6 if environment.get("WATCHDOG_PID", str(pid)) == str(pid) else None


_SELDOM_S = 1.0
"""No two signs of life come sooner after each other, however fast the loop turns."""


class Watchdog:
    """Tells systemd at least twice in its interval that the loop turns, but only while all else turns as well.

    A loop that turns says so oftener: what stops it then (a disk that takes ten seconds for a commit) has nearly the
    whole interval, and not what is left of the half.
    """

    def __init__(self, notifier: Notifier, interval_s: float | None, all_turns: Callable[[float], bool]) -> None:
        """Prepare; ``all_turns`` is asked with the time now (monotonic seconds)."""
        self._notifier = notifier
        self._period_s = None if interval_s is None else interval_s / 2
        self._all_turns = all_turns
        self._told_s = float("-inf")

    def act(self, now_s: float) -> float:
        """Give the sign that is due (see Duty); that this is called is the loop's own proof."""
        if self._period_s is None:
            return NEVER_S
        if now_s >= self._told_s + min(_SELDOM_S, self._period_s):
            self._told_s = now_s
            if self._all_turns(now_s):
                self._notifier.watchdog()
            else:
                _log.error("a part of the agent stands still: the watchdog is not told that all is well")
        return self._told_s + self._period_s


def from_environment(all_turns: Callable[[float], bool]) -> tuple[Notifier, Watchdog]:
    """Return both as systemd's variables in this process's environment ask for them."""
    notifier = Notifier(os.environ.get("NOTIFY_SOCKET"))
    return notifier, Watchdog(notifier, watchdog_interval_s(os.environ, os.getpid()), all_turns)

"""What systemd hears, over a real datagram socket."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skerry_edge.agent.life.loop import NEVER_S
from skerry_edge.agent.life.systemd import Notifier, Watchdog, watchdog_interval_s


class Listening:
    """The service manager's end of the socket."""

    def __init__(self, bound_to: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(bound_to)
        self._socket.setblocking(False)

    def heard(self) -> list[dict[str, str]]:
        """Return the datagrams since the last call as systemd reads them: one assignment a line."""
        datagrams = []
        while True:
            try:
                text = self._socket.recv(4096).decode()
            except BlockingIOError:
                return datagrams
            datagrams.append(dict(line.split("=", 1) for line in text.split("\n")))

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Listening, Notifier]]:
    """The service manager's end, bound in either name space, and a notifier for it."""
    name = secrets.token_hex(8)
    abstract = request.param == "abstract"
    listening = Listening(f"\0skerry-{name}" if abstract else str(tmp_path / "notify"))
    notifier = Notifier(f"@skerry-{name}" if abstract else str(tmp_path / "notify"))
    yield listening, notifier
    notifier.close()
    listening.close()


def test_each_state_is_one_datagram(systemd: tuple[Listening, Notifier]) -> None:
    listening, notifier = systemd
    notifier.ready("online")
    notifier.status("degraded: gate:\nno progress")
    notifier.watchdog()
    notifier.stopping()
    assert listening.heard() == [
        {"READY": "1", "STATUS": "online"},
        {"STATUS": "degraded: gate: no progress"},
        {"WATCHDOG": "1"},
        {"STOPPING": "1", "STATUS": "stopping"},
    ]


def test_a_reload_tells_when_it_began_on_the_monotonic_clock(systemd: tuple[Listening, Notifier]) -> None:
    listening, notifier = systemd
    notifier.reloading()
    notifier.reloading()
    first, second = listening.heard()
    assert first["RELOADING"] == "1"
    assert int(first["MONOTONIC_USEC"]) <= int(second["MONOTONIC_USEC"])


@pytest.mark.parametrize("address", [None, "", "/nowhere/notify", "@nobody-listens"])
def test_without_a_manager_that_listens_nothing_happens(address: str | None) -> None:
    notifier = Notifier(address)
    notifier.ready("online")
    notifier.close()


def test_a_manager_that_does_not_read_holds_nothing_up(tmp_path: Path) -> None:
    listening, notifier = Listening(str(tmp_path / "notify")), Notifier(str(tmp_path / "notify"))
    for _ in range(10_000):
        notifier.watchdog()
    assert 0 < len(listening.heard()) < 10_000
    notifier.close()
    listening.close()


@pytest.mark.parametrize(
    ("environment", "interval_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "²"}, None),
    ],
)
def test_the_watchdog_is_for_the_process_that_systemd_names(
    environment: dict[str, str], interval_s: float | None
) -> None:
    assert watchdog_interval_s(environment, 7) == interval_s


@pytest.fixture
def watch(systemd: tuple[Listening, Notifier]) -> Callable[..., tuple[Watchdog, Listening]]:
    """Return a function that makes a watchdog with an interval and what it asks."""
    listening, notifier = systemd
    return lambda interval_s, all_turns: (Watchdog(notifier, interval_s, all_turns), listening)


def test_the_watchdog_is_told_twice_in_its_interval(watch: Callable[..., tuple[Watchdog, Listening]]) -> None:
    watchdog, listening = watch(30.0, lambda _: True)
    assert [watchdog.act(now_s) for now_s in (100.0, 115.0)] == [115.0, 130.0]
    assert len(listening.heard()) == 2


def test_a_loop_that_stands_still_after_a_busy_time_was_heard_of_just_before(
    watch: Callable[..., tuple[Watchdog, Listening]],
) -> None:
    watchdog, listening = watch(30.0, lambda _: True)
    for turns in range(640):
        watchdog.act(100.0 + turns / 128)
    assert len(listening.heard()) == 5, "once a second, however fast it turns"
    assert watchdog.act(104.5) == 119.0


def test_the_watchdog_is_not_told_while_something_stands_still(
    watch: Callable[..., tuple[Watchdog, Listening]],
) -> None:
    watchdog, listening = watch(30.0, lambda now_s: now_s < 110.0)
    for now_s in (100.0, 115.0, 130.0):
        watchdog.act(now_s)
    assert len(listening.heard()) == 1


def test_without_a_watchdog_there_is_nothing_to_do(watch: Callable[..., tuple[Watchdog, Listening]]) -> None:
    watchdog, listening = watch(None, lambda _: True)
    assert watchdog.act(100.0) == NEVER_S
    assert listening.heard() == []

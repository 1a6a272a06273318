"""Readings that may never end."""

from __future__ import annotations

import threading
from collections.abc import Callable

from skerry_edge.agent.heartbeat.probes import STUCK_AFTER_S, Probe, Sampler

Eventually = Callable[..., None]


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Bus:
    """A sensor that answers when it is let go, as one behind a hung bus."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.readings = 0

    def __call__(self) -> float:
        self.readings += 1
        self.free.wait()
        return 21.5


def test_a_reading_that_hangs_holds_up_nobody_and_is_told_as_stuck(eventually: Eventually) -> None:
    bus, clock = Bus(), Clock()
    probe = Probe("soil", bus, clock_s=clock)
    probe.ask()
    assert (probe.answer(), probe.is_stuck) == (None, False)
    clock.now_s += STUCK_AFTER_S + 0.1
    assert (probe.answer(), probe.is_stuck) == (None, True)
    probe.ask()
    bus.free.set()
    eventually(lambda: probe.answer() == 21.5, what="the bus comes back")
    assert not probe.is_stuck
    assert bus.readings == 1


def test_the_last_answer_counts_while_the_next_is_read_and_not_once_that_is_stuck(eventually: Eventually) -> None:
    bus, clock = Bus(), Clock()
    bus.free.set()
    probe = Probe("soil", bus, clock_s=clock)
    probe.ask()
    eventually(lambda: probe.answer() == 21.5, what="the first answer")
    bus.free.clear()
    probe.ask()
    assert probe.answer() == 21.5
    clock.now_s += STUCK_AFTER_S + 0.1
    assert probe.answer() is None
    bus.free.set()


def test_a_sensor_that_was_unplugged_loses_its_value(eventually: Eventually) -> None:
    answers = iter([21.5, None])
    probe = Probe("soil", lambda: next(answers))
    probe.ask()
    eventually(lambda: probe.answer() == 21.5, what="the first answer")
    probe.ask()
    eventually(lambda: probe.answer() is None, what="the value goes")


def test_a_reading_that_fails_is_none_and_the_next_is_tried(eventually: Eventually) -> None:
    def read() -> float:
        attempts.append(1)
        if len(attempts) < 3:
            raise OSError(5, "Input/output error") if len(attempts) == 1 else ZeroDivisionError
        return 1.0

    attempts: list[int] = []
    probe = Probe("soil", read)
    for count in (1, 2, 3):
        probe.ask()
        eventually(lambda count=count: len(attempts) == count and not probe.under_way, what="the reading ends")
    assert probe.answer() == 1.0


def test_one_that_hangs_does_not_keep_the_others_from_being_read(eventually: Eventually) -> None:
    bus, readings = Bus(), []
    well = Probe("air", lambda: readings.append(1) or 1.0)  # type: ignore[func-returns-value]
    sampler = Sampler((Probe("soil", bus), well), period_s=0.01)
    sampler.start(0.05)
    eventually(lambda: len(readings) >= 3, what="the other one is read again and again")
    sampler.close()
    bus.free.set()
    assert bus.readings == 1

"""A sleeper that is woken, and a pipe that is given back once."""

from __future__ import annotations

import os

from skerry_edge.agent.life.waker import Waker


def test_a_wake_is_seen_once_however_often_it_was_called() -> None:
    waker = Waker()
    waker.wake()
    waker.wake()
    waker.wait(60)
    waker.wake()
    waker.wait(60)
    waker.close()


def test_one_that_is_closed_touches_no_file_that_has_its_number_now() -> None:
    waker = Waker()
    waker.close()
    taken = os.pipe()
    waker.wake()
    waker.close()
    os.set_blocking(taken[0], False)
    os.write(taken[1], b"mine")
    assert os.read(taken[0], 16) == b"mine"
    for end in taken:
        os.close(end)

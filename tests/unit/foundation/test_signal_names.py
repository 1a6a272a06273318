"""What signals are called."""

from __future__ import annotations

import signal

import pytest

from skerry_edge.foundation.signal_names import signal_name


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (signal.SIGKILL, "SIGKILL"),
        (signal.SIGRTMIN, "SIGRTMIN"),
        (signal.SIGRTMIN + 6, "SIGRTMIN+6"),
        (32, "signal 32"),
        (200, "signal 200"),
    ],
)
def test_every_number_has_a_name(number: int, name: str) -> None:
    assert signal_name(number) == name

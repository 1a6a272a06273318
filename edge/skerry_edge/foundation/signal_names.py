"""What a signal is called, the real-time ones too, for which Python has no name."""

from __future__ import annotations

import signal


def signal_name(number: int) -> str:
    """Return the name of a signal by its number, as `kill -l` gives it; "signal N" for one that has none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        in_range = signal.SIGRTMIN < number < signal.SIGRTMAX
        return f"SIGRTMIN+{number - signal.SIGRTMIN}" if in_range else f"signal {number}"

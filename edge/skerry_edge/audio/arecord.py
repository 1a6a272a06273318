"""How ALSA's `arecord` is asked for a microphone's sound."""

from __future__ import annotations

PROGRAM = "arecord"
INSTALL = "apt install alsa-utils"
_PERIOD_US = 60_000
"""The sound card hands on this much at once: its own choice, mostly 0.125 s, would delay every word by as much, and
waking up twice as often for half of it would cost nearly twice the processor time."""


def command_line(device: str, rate_hz: int) -> tuple[str, ...]:
    """Return the command line that records one channel of 16 bits as WAV, whose head says the rate that came of it."""
    form = ("-t", "wav", "-f", "S16_LE", "-c", "1", "-r", str(rate_hz), f"--period-time={_PERIOD_US}")
    return (PROGRAM, "-q", "-D", device, *form)

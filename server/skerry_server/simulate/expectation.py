"""What the server must show of a simulated fleet, as a document that `skerry simulate` writes and its check reads."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct, field

from skerry_edge.contracts.messages import session_order
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import DataError, ReachError


class ExpectedDevice(Struct, frozen=True, kw_only=True):
    """One device: its presence and why, its newest heartbeat's session and seq, and how many distinct messages came.

    ``clock_offsets_s`` has, for each of its starts at which its clock was off, the seconds that are to be added.
    """

    device: str
    site: str
    presence: Literal["online", "degraded", "offline"]
    reason: str | None
    session: str
    seq: int
    heartbeats: int
    events: int
    clock_offsets_s: dict[str, float] = field(default_factory=dict)


class Expectation(Struct, frozen=True, kw_only=True):
    """A whole run; ``run`` marks its malformed messages, ``first_start`` is its lowest start counter.

    ``dead_letters`` counts different messages by reason. ``sent`` counts every PUBLISH by kind, repetitions included.
    """

    v: Literal[1] = 1
    run: str
    seed: int
    trouble: str
    first_start: int
    devices: list[ExpectedDevice]
    dead_letters: dict[str, int]
    sent: dict[str, int]

    def is_of_run(self, device: ExpectedDevice, start: int) -> bool:
        """Tell whether ``start`` is the counter of one of the device's starts in this run."""
        return self.first_start <= start <= session_order(device.session)


def write_expectation(path: Path, expectation: Expectation) -> None:
    """Write the document; it is there whole or not at all. Raises ReachError."""
    write_atomic(path, encode_expectation(expectation))


def encode_expectation(expectation: Expectation) -> bytes:
    """Return the document as JSON."""
    return msgspec.json.format(msgspec.json.encode(expectation), indent=1) + b"\n"


def read_expectation(path: Path) -> Expectation:
    """Read the document. Raises ReachError and DataError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Expectation)
    except OSError as error:
        raise ReachError("cannot read what is expected", where=str(path), found=error.strerror) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        todo = "give what 'skerry simulate --expect' wrote"
        raise DataError("this is no simulation's expectation", where=str(path), found=str(error), todo=todo) from error

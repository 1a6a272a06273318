"""What a server shows of a simulated fleet held against what it must show. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from skerry_edge.contracts.messages import session_order
from skerry_server.simulate.expectation import Expectation, ExpectedDevice

OFFSET_TOLERANCE_S = 30.0
"""How far a correction of a clock may be from the right one: the first message may have been long under way."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownDevice:
    """A device as the API has it; None and 0 where it knows of nothing.

    ``session`` and ``seq`` are the newest heartbeat's. Counts are of the run's own messages. ``clock_offsets_s`` are
    the corrections found at heartbeats of each start, by its counter.
    """

    site: str
    presence: str
    reason: str | None
    session: str | None = None
    seq: int | None = None
    heartbeats: int = 0
    events: int = 0
    clock_offsets_s: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """Where the server shows something else: of what, which figure, what was expected and what was found."""

    subject: str
    figure: str
    expected: str
    found: str


def compare(
    expectation: Expectation, devices: Mapping[str, ShownDevice], dead_letters: Mapping[str, int]
) -> list[Difference]:
    """Return every difference; ``devices`` are those shown, by name, ``dead_letters`` the run's, by reason."""
    differences = []
    for wanted in expectation.devices:
        shown = devices.get(wanted.device)
        if shown is None:
            differences.append(_differ(wanted.device, "device", wanted.site, "not known"))
        else:
            differences += _compare_device(wanted, shown)
    for reason in sorted({*expectation.dead_letters, *dead_letters}):
        pair = expectation.dead_letters.get(reason, 0), dead_letters.get(reason, 0)
        if pair[0] != pair[1]:
            differences.append(_differ("dead letters", reason, *pair))
    return differences


def _compare_device(wanted: ExpectedDevice, shown: ShownDevice) -> Iterator[Difference]:
    for figure in ("site", "presence", "reason", "session", "seq", "heartbeats", "events"):
        expected, found = getattr(wanted, figure), getattr(shown, figure)
        if expected != found:
            yield _differ(wanted.device, figure, expected, found)
    for start in sorted({*wanted.clock_offsets_s, *shown.clock_offsets_s}):
        offset_s, found_s = wanted.clock_offsets_s.get(start), shown.clock_offsets_s.get(start)
        # A start whose heartbeats never came has nothing to correct.
        if found_s is None and session_order(wanted.session) != int(start):
            continue
        if offset_s is None or found_s is None or abs(offset_s - found_s) > OFFSET_TOLERANCE_S:
            yield _differ(wanted.device, f"clock offset of start {start}", _seconds(offset_s), _seconds(found_s))


def _differ(subject: str, figure: str, expected: object, found: object) -> Difference:
    return Difference(subject=subject, figure=figure, expected=str(expected), found=str(found))


def _seconds(offset_s: float | None) -> str:
    return "none" if offset_s is None else f"{offset_s:.1f} s"

"""Whether what was detected is what was there: events held against the truth of the drive. Pure.

An object's begin tells that it came into sight. The truth does not say which sign of one picture is which of the next,
so it is cut by label: a *passage* is the time for which signs of one label are in sight, with gaps no longer than the
agent overlooks. A passage is named rightly when the begin of an object with its label has a box that lies on one of its
signs, about where that sign was at the event's time.
Only the first time that the drive is played counts: later rounds show nothing new.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from skerry_server.demo.drive import RATE_HZ, Box, Sign, Truth

MIN_IOU = 0.5
MIN_COUNTED_FRAMES = 5
"""A passage counts when its sign can be read for half a second."""
SLACK_FRAMES = 3
"""How far, in frames, an event's place in the drive may be off, as it is reckoned from heartbeats."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """How many frames the pipeline had taken from its source at ``ts_ms`` (Unix ms, the device's clock)."""

    ts_ms: int
    frames: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """The begin of an object: when, what and where."""

    ts_ms: int
    label: str
    box: Box


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """Of ``shown`` passages ``found`` were named rightly; of ``events`` judged, ``wrong`` fit no sign there was."""

    shown: int
    found: int
    events: int
    wrong: int

    @property
    def is_good(self) -> bool:
        """Whether the detector plainly sees: it named at least half of what was shown, and more than it made up."""
        return 0 < self.shown <= 2 * self.found and self.wrong < self.found


@dataclass(frozen=True, kw_only=True, slots=True)
class _Passage:
    signs: tuple[Sign, ...]

    @property
    def last(self) -> int:
        return self.signs[-1].frame

    @property
    def counts(self) -> bool:
        return len({one.frame for one in self.signs if one.counts}) >= MIN_COUNTED_FRAMES

    def fits(self, event: Named, frame: float) -> bool:
        return event.label == self.signs[0].label and any(
            abs(one.frame - frame) <= SLACK_FRAMES and iou(one.box, event.box) >= MIN_IOU for one in self.signs
        )


def judge(truth: Truth, events: Sequence[Named], looks: Sequence[Look], *, gap_s: float) -> Agreement:
    """Hold ``events`` against ``truth``; ``looks`` rise in time; signs no more than ``gap_s`` apart are one passage.

    Events after the last look are not judged, and what was not passed by then does not count as shown.
    """
    passages = list(_passages(truth, gap_s))
    placed = [(event, frame) for event in events if (frame := frame_of(event.ts_ms, looks)) is not None]
    placed = [(event, frame) for event, frame in placed if frame < truth.frames]
    looked = looks[-1].frames if looks else 0
    shown = [one for one in passages if one.counts and min(one.last + SLACK_FRAMES, truth.frames - 1) < looked]
    return Agreement(
        shown=len(shown),
        found=sum(any(one.fits(*event) for event in placed) for one in shown),
        events=len(placed),
        wrong=sum(not any(one.fits(*event) for one in passages) for event in placed),
    )


def frame_of(ts_ms: int, looks: Sequence[Look]) -> float | None:
    """Return the number of the frame that was captured at ``ts_ms``: counted back from the next look, None after all.

    What runs live takes RATE_HZ frames a second; what lags behind never goes back before the look before.
    """
    before = 0
    for look in looks:
        if ts_ms <= look.ts_ms:
            return max(float(before), look.frames - 1 - (look.ts_ms - ts_ms) / 1000 * RATE_HZ)
        before = look.frames
    return None


def iou(one: Box, other: Box) -> float:
    """Return the intersection of two boxes over their union."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / (sum(areas) - width * height)


def _passages(truth: Truth, gap_s: float) -> Iterator[_Passage]:
    by_label: dict[str, list[Sign]] = defaultdict(list)
    for sign in sorted(truth.signs, key=lambda one: one.frame):
        by_label[sign.label].append(sign)
    for signs in by_label.values():
        run = signs[:1]
        for sign in signs[1:]:
            if sign.frame - run[-1].frame > gap_s * RATE_HZ:
                yield _Passage(signs=tuple(run))
                run = []
            run.append(sign)
        yield _Passage(signs=tuple(run))

"""Objects keep their numbers on a rendered drive past signs, seen as a detector sees them: with misses and noise."""

from __future__ import annotations

import random
from collections import Counter
from itertools import islice

import pytest

from skerry_converters.rendering.drive import DRIVE_RATE_HZ, drive
from skerry_edge.vision.tracking.motion import Four
from skerry_edge.vision.tracking.tracker import Box, Rules, Tracker

SIZE = (320, 180)
FRAMES = 100
LONGEST_GAP = 5
"""So many frames may a sign be hidden and still be the same in the truth."""
READABLE = 6
"""A sign counts when it can be seen in so many frames."""

Seen = tuple[int, Four]
"""A class and where it is, in shares of the picture."""


@pytest.fixture(scope="module")
def signs() -> list[list[Seen]]:
    """What is in sight in each frame of the drive."""
    width, height = SIZE
    return [
        [
            (one.class_id, (box[0] / width, box[1] / height, box[2] / width, box[3] / height))
            for one in scene.objects
            for box in [one.box_px]
        ]
        for scene in islice(drive(3, size=SIZE), FRAMES)
    ]


@pytest.fixture(scope="module")
def truth(signs: list[list[Seen]]) -> list[list[int]]:
    """Which sign it is that is in sight: each stands still, so from frame to frame it is the nearest of its class."""
    last: dict[int, tuple[int, Seen]] = {}
    names: list[list[int]] = []
    for frame, seen in enumerate(signs):
        named = []
        for class_id, box in seen:
            near = [
                (abs(box[0] - other[0]) + abs(box[1] - other[1]), name)
                for name, (when, (kind, other)) in last.items()
                if kind == class_id and frame - when <= LONGEST_GAP and name not in named
            ]
            distance, name = min(near, default=(1.0, -1))
            if distance > 0.1:
                name = len(last)
            last[name] = (frame, (class_id, box))
            named.append(name)
        names.append(named)
    return names


@pytest.mark.parametrize(("every", "allowed"), [(1, 0), (2, 1)], ids=["at its own rate", "every other frame"])
def test_a_sign_keeps_its_number_as_long_as_it_is_in_sight(signs, truth, every: int, allowed: int) -> None:
    chance = random.Random(7)
    tracker = Tracker(Rules(min_iou=0.2, lost_after_s=1.0))
    given: dict[int, Counter[int]] = {}
    for frame in range(0, FRAMES, every):
        noisy = {
            name: Box(edges=shaken(box, chance), class_id=class_id, score=score, is_good=score >= 0.5)
            for name, (class_id, box) in zip(truth[frame], signs[frame], strict=True)
            if (score := chance.choice([0.9, 0.8, 0.7, 0.3])) and chance.random() > 0.1
        }
        tracks = tracker.update(list(noisy.values()), frame / DRIVE_RATE_HZ)
        for name, box in noisy.items():
            for track in tracks:
                if track.is_in_sight and track.box is box:
                    given.setdefault(name, Counter())[track.number] += 1
    lasting = {name: numbers for name, numbers in given.items() if numbers.total() >= READABLE}
    assert len(lasting) >= 6
    switched = {name: numbers for name, numbers in lasting.items() if len(numbers) > 1}
    assert len(switched) <= allowed, switched
    owners = Counter(number for numbers in given.values() for number in numbers)
    assert set(owners.values()) == {1}, "two signs had the same number"


def shaken(box: Four, chance: random.Random) -> Four:
    """Return a box as a detector gives it: each edge off by a few hundredths of its size."""
    width, height = box[2] - box[0], box[3] - box[1]
    x_min, y_min, x_max, y_max = (
        edge + chance.gauss(0, 0.04) * size for edge, size in zip(box, (width, height) * 2, strict=True)
    )
    return x_min, y_min, max(x_max, x_min + 1e-3), max(y_max, y_min + 1e-3)

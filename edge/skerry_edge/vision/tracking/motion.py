"""Where a box will be: a Kalman filter of constant velocity over uneven times."""

from __future__ import annotations

from dataclasses import dataclass

Four = tuple[float, float, float, float]
"""Centre x, centre y, width and height of a box, or the change of each in a second."""

BOX_NOISE = 1 / 20
"""Standard deviation of a detector's box as a share of the box's size, ByteTrack's (Zhang et al., ECCV 2022)."""
UNREST = 1.0
"""Spectral density of the acceleration in sizes^2/s^3. ByteTrack lets the speed drift by 1/160 size a frame in each of
30 frames a second: (30 / 160)^2 * 30 is 1.05."""
FIRST_SPEED = 2.0
"""Standard deviation of an unknown speed in sizes/s; ByteTrack's 10/160 size a frame at 30 frames a second is 1.9."""
_LARGEST_CHANGE = 2.0
"""A box that is not seen is not expected to grow or shrink by more than this factor."""


@dataclass(frozen=True, slots=True)
class Motion:
    """A box's place, speed and what is known of them, as of ``at_s``.

    The three variances are those of place, place with speed, and speed, in units of the box's own size (and seconds):
    so they are the same for all four numbers, and for every object whatever its size.
    """

    place: Four
    speed: Four
    variances: tuple[float, float, float]
    at_s: float

    @classmethod
    def begin(cls, box: Four, at_s: float) -> Motion:
        """Return the motion of what was seen once, as x_min, y_min, x_max, y_max."""
        return cls(_centred(box), (0.0, 0.0, 0.0, 0.0), (BOX_NOISE**2, 0.0, FIRST_SPEED**2), at_s)

    def expected_box(self, at_s: float) -> Four:
        """Return where the box should be at ``at_s``, as x_min, y_min, x_max, y_max."""
        x, y, width, height = self._moved(at_s)
        return x - width / 2, y - height / 2, x + width / 2, y + height / 2

    def seen(self, box: Four, at_s: float) -> Motion:
        """Return the motion after the object was seen at ``box``; ``at_s`` never falls."""
        passed_s = at_s - self.at_s
        of_place, of_both, of_speed = self.variances
        of_place += passed_s * (2 * of_both + passed_s * of_speed) + UNREST * passed_s**3 / 3
        of_both += passed_s * of_speed + UNREST * passed_s**2 / 2
        of_speed += UNREST * passed_s
        doubt = of_place + BOX_NOISE**2
        place_gain, speed_gain = of_place / doubt, of_both / doubt
        expected = self._moved(at_s)
        errors = [measured - place for measured, place in zip(_centred(box), expected, strict=True)]
        x, y, width, height = (place + place_gain * error for place, error in zip(expected, errors, strict=True))
        speeds = [speed + speed_gain * error for speed, error in zip(self.speed, errors, strict=True)]
        variances = ((1 - place_gain) * of_place, (1 - place_gain) * of_both, of_speed - speed_gain * of_both)
        return Motion((x, y, width, height), (speeds[0], speeds[1], speeds[2], speeds[3]), variances, at_s)

    def _moved(self, at_s: float) -> Four:
        passed_s = at_s - self.at_s
        x, y, width, height = (place + passed_s * speed for place, speed in zip(self.place, self.speed, strict=True))
        return x, y, _near(width, self.place[2]), _near(height, self.place[3])


def _centred(box: Four) -> Four:
    x_min, y_min, x_max, y_max = box
    return (x_min + x_max) / 2, (y_min + y_max) / 2, x_max - x_min, y_max - y_min


def _near(size: float, before: float) -> float:
    return min(max(size, before / _LARGEST_CHANGE), before * _LARGEST_CHANGE)

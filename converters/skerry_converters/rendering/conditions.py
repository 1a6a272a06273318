"""Time of day, weather and season: what lights a scene, and what it fades into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from skerry_converters.rendering.canvas import Gain, Haze
from skerry_converters.rendering.draws import Draws

Sky = Literal["clear", "cloudy", "overcast", "low sun", "dusk", "night", "fog"]
Fall = Literal["none", "rain", "snow"]
Tone = tuple[float, float, float]

SKIES: tuple[tuple[Sky, float], ...] = (
    ("clear", 0.26),
    ("cloudy", 0.25),
    ("overcast", 0.2),
    ("low sun", 0.08),
    ("dusk", 0.07),
    ("night", 0.08),
    ("fog", 0.06),
)
"""As they come, those of fair days more often."""
_HAZE_M = {"clear": 700, "cloudy": 500, "overcast": 260, "low sun": 220, "dusk": 300, "night": 260, "fog": 45}
_ZENITH: dict[Sky, Tone] = {
    "clear": (205, 135, 70),
    "cloudy": (205, 160, 115),
    "overcast": (198, 190, 184),
    "low sun": (185, 150, 120),
    "dusk": (120, 92, 78),
    "night": (40, 24, 18),
    "fog": (196, 194, 190),
}
_HORIZON: dict[Sky, Tone] = {
    "clear": (235, 215, 190),
    "cloudy": (232, 222, 208),
    "overcast": (222, 218, 214),
    "low sun": (150, 205, 250),
    "dusk": (110, 140, 205),
    "night": (60, 44, 40),
    "fog": (205, 203, 200),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Conditions:
    """What is the same for everything in a scene."""

    sky: Sky
    fall: Fall
    zenith: Tone
    horizon: Tone
    haze: Haze
    light: Gain
    """What daylight leaves of each colour channel: 1 is a bright day."""
    sun_left: bool
    shadows: float
    """How dark hard shadows are, 0 to 1."""
    clouds: float
    """How much of the sky they cover, 0 to 1."""
    greenness: Tone
    """Colour of grass and leaves now."""
    snow: float
    """How much snow lies on the ground and on signs, 0 to 1."""
    wet: bool

    @property
    def dark(self) -> bool:
        """Whether lamps are lit."""
        return self.sky == "night" or (self.sky == "dusk" and sum(self.light) < 1.4)


def draw_conditions(draws: Draws, skies: Sequence[tuple[Sky, float]] = SKIES) -> Conditions:
    """Return conditions under one of ``skies``, which come with their weights."""
    sky = draws.weighted(skies)
    fall: Fall = "none" if sky == "clear" else draws.weighted((("none", 0.8), ("rain", 0.13), ("snow", 0.07)))
    snow = draws.between(0.3, 1.0) if fall == "snow" else draws.between(0.3, 0.9) if draws.chance(0.03) else 0.0
    zenith, horizon = (_varied(draws, tones[sky], 0.1) for tones in (_ZENITH, _HORIZON))
    half_m = _HAZE_M[sky] * draws.ratio(0.6, 1.6) * (0.5 if fall != "none" else 1.0)
    return Conditions(
        sky=sky,
        fall=fall,
        zenith=zenith,
        horizon=horizon,
        haze=Haze(colour=horizon, half_m=half_m),
        light=_light(draws, sky),
        sun_left=draws.chance(0.5),
        shadows=draws.between(0.25, 0.6) if sky in ("clear", "cloudy", "low sun") else 0.0,
        clouds=_clouds(draws, sky),
        greenness=_season(draws),
        snow=snow,
        wet=fall == "rain" or draws.chance(0.08),
    )


def _light(draws: Draws, sky: Sky) -> Gain:
    if sky == "night":
        level = draws.between(0.1, 0.26)
        return level * 1.05, level * 0.95, level * 0.92
    if sky == "dusk":
        level = draws.between(0.3, 0.65)
        return level * 1.12, level, level * draws.between(0.85, 1.1)
    if sky == "low sun":
        level = draws.between(0.6, 0.95)
        return level * 0.72, level * 0.92, level * 1.08
    level = draws.between(0.72, 1.06)
    cool = draws.near(0.0, 0.04)
    return level * (1 + cool), level, level * (1 - cool)


def _clouds(draws: Draws, sky: Sky) -> float:
    lowest, highest = {"clear": (0.0, 0.25), "overcast": (0.8, 1.0), "fog": (0.0, 0.1)}.get(sky, (0.2, 0.7))
    return draws.between(lowest, highest)


def _season(draws: Draws) -> Tone:
    """Return the green of spring and summer, or autumn's and winter's colours."""
    tone = draws.weighted((((52, 112, 82), 0.5), ((44, 92, 62), 0.2), ((50, 112, 126), 0.15), ((66, 104, 112), 0.15)))
    return _varied(draws, tone, 0.15)


def _varied(draws: Draws, tone: Tone, deviation: float) -> Tone:
    level = 1 + draws.near(0.0, deviation)
    blue, green, red = (min(channel * level * (1 + draws.near(0.0, deviation / 4)), 255.0) for channel in tone)
    return blue, green, red

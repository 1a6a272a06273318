"""What a device did over a time, to hold a new version against the one before it."""

from __future__ import annotations

from msgspec import Struct


class Figures(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one pipeline did over a time: ``ran_s`` seconds in which it had work.

    ``inference_ms`` is the median, None without an inference; ``drops`` are frames that nobody looked at for want of
    time; ``findings`` are the objects or words that it told of.
    """

    ran_s: float = 0.0
    frames: int = 0
    errors: int = 0
    drops: int = 0
    findings: int = 0
    inference_ms: float | None = None

    @property
    def drop_share(self) -> float:
        """The share of the frames that were dropped."""
        return self.drops / max(1, self.frames + self.drops)


class Before(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the device did before the switch; ``pipelines`` are those that are switched."""

    pipelines: dict[str, Figures] = {}
    connected: bool = False
    temperature_c: float | None = None

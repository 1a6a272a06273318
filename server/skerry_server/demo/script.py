"""What the demo shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from skerry_server.demo.drive import Drive

DEFAULT_MODEL = "skerry-signs"
DEFAULT_VARIANT = "tflite-int8"
"""The fastest file of the shipped detector that the extra `demo` brings a runtime for."""


@dataclass(frozen=True, kw_only=True)
class Script:
    """The agent's model and media, and for how long (None: until somebody stops it).

    ``model`` is a shipped model's name or, where there is such a file, a path; ``variant`` None leaves the choice to
    the model. ``drive`` renders the video, unless that is somebody's own; with ``is_judged``, what is detected is held
    against the truth about the drive. With ``has_rollouts`` two releases of the model are rolled out, and with
    ``ends_with_story`` the demo is over when they have come to rest.
    """

    model: str
    variant: str | None
    video: Path
    drive: Drive | None
    is_judged: bool
    audio: Path
    duration_s: float | None
    has_rollouts: bool = False
    ends_with_story: bool = False

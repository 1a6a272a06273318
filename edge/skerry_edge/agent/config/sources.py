"""Where a pipeline's pictures or sound come from."""

from __future__ import annotations

from typing import Literal

from skerry_edge.agent.config.parts import FileText, Part, Rate

Policy = Literal["live", "file"]
"""``live`` keeps the newest frame and counts what it drops; ``file`` processes every frame."""


class ImagesSource(Part, frozen=True, kw_only=True, tag="images", tag_field="kind"):
    """One picture or a folder of pictures in the order of their names, none left out; ``max_fps`` paces them."""

    path: FileText
    policy: Literal["file"] = "file"
    loop: bool = False
    max_fps: Rate | None = None


class VideoSource(Part, frozen=True, kw_only=True, tag="video", tag_field="kind"):
    """A video file; played ``live`` it runs at its own pace, and ``max_fps`` thins what is looked at."""

    path: FileText
    policy: Policy = "live"
    loop: bool = False
    max_fps: Rate | None = None


class AudioFileSource(Part, frozen=True, kw_only=True, tag="audio-file", tag_field="kind"):
    """A recording; played ``live`` it runs at the pace at which it was spoken."""

    path: FileText
    policy: Policy = "live"
    loop: bool = False


class MicrophoneSource(Part, frozen=True, kw_only=True, tag="mic", tag_field="kind"):
    """An ALSA microphone; ``device`` is ALSA's own name for it."""

    device: FileText = "default"


class StdinSource(Part, frozen=True, kw_only=True, tag="stdin", tag_field="kind"):
    """Raw 16-bit little-endian mono PCM at 16 kHz on the agent's own standard input."""

"""How `gst-launch-1.0` is asked for a pipeline's pictures: CSI cameras of Jetson and i.MX boards, and all else."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.redaction import redact
from skerry_edge.foundation.stream_program import DESCRIPTOR

PROGRAM = "gst-launch-1.0"
INSTALL = "apt install gstreamer1.0-tools gstreamer1.0-plugins-base"
_PASSWORD = "user-pw"  # noqa: S105  # the property of GStreamer's network sources, not a password


@dataclass(frozen=True, kw_only=True, slots=True)
class GStreamerOptions:
    """A pipeline as `gst-launch-1.0` takes it, from its source to raw video, and the size in pixels to scale it to.

    GStreamer pads no row where 8 divides the width and 2 the height.
    """

    pipeline: str
    width: int = 1280
    height: int = 720


def command_line(options: GStreamerOptions) -> tuple[str, ...]:
    """Return the command line: the pipeline, and behind it what makes raw pictures of one size of it.

    The pictures go to a descriptor of their own, since some of GStreamer's elements print to standard output. Raises
    ConfigError for a pipeline that does not split into words, holds options, or a secret: every user of the machine
    sees a command line.
    """
    where = "the GStreamer pipeline"
    if redact(options.pipeline) != options.pipeline or _PASSWORD in options.pipeline:
        todo = "take a camera in the network with the kind 'rtsp'"
        raise ConfigError("a password here would show in the list of processes", where=where, todo=todo)
    try:
        words = shlex.split(options.pipeline)
    except ValueError as error:
        raise ConfigError("the pipeline's quotes do not match", where=where, found=str(error)) from error
    option = next((word for word in words if word.startswith("-")), None)
    if option is not None or not words:
        found = "nothing" if option is None else f"'{option}'"
        raise ConfigError("a pipeline is elements joined by '!'", where=where, found=found)
    raw = f"video/x-raw,format=I420,width={options.width},height={options.height}"
    # Scaling keeps the proportions, with borders; the decoder takes the colours for BT.601.
    tail = ("!", "videoconvert", "!", "videoscale", "!", f"{raw},pixel-aspect-ratio=1/1,colorimetry=bt601")
    return (PROGRAM, "-q", *words, *tail, "!", "fdsink", f"fd={DESCRIPTOR}", "sync=false")

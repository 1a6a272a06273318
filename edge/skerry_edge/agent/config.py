"""The agent's configuration file as typed structs; what one field alone cannot tell is in `config_checks`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from skerry_edge.contracts.patterns import whole
from skerry_edge.contracts.topics import NAME_PATTERN

Name = Annotated[str, Meta(pattern=whole(NAME_PATTERN))]
Seconds = Annotated[float, Meta(gt=0, le=86400)]
Wait = Annotated[float, Meta(ge=0, le=86400)]
Rate = Annotated[float, Meta(gt=0, le=1000)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
FileText = Annotated[str, Meta(min_length=1, max_length=4096)]
MAX_PIPELINES = 32
"""So many fit into one heartbeat, however much there is to tell of each."""
Policy = Literal["live", "file"]
"""``live`` keeps the newest frame and counts what it drops; ``file`` processes every frame."""


class _Part(Struct, frozen=True, kw_only=True):
    """Base of the configuration's parts: immutable, named arguments."""


class ImagesSource(_Part, frozen=True, kw_only=True, tag="images", tag_field="kind"):
    """One picture or a folder of pictures in the order of their names, none left out; ``max_fps`` paces them."""

    path: FileText
    policy: Literal["file"] = "file"
    loop: bool = False
    max_fps: Rate | None = None


class VideoSource(_Part, frozen=True, kw_only=True, tag="video", tag_field="kind"):
    """A video file; played ``live`` it runs at its own pace, and ``max_fps`` thins what is looked at."""

    path: FileText
    policy: Policy = "live"
    loop: bool = False
    max_fps: Rate | None = None


class AudioFileSource(_Part, frozen=True, kw_only=True, tag="audio-file", tag_field="kind"):
    """A recording; played ``live`` it runs at the pace at which it was spoken."""

    path: FileText
    policy: Policy = "live"
    loop: bool = False


class MicrophoneSource(_Part, frozen=True, kw_only=True, tag="mic", tag_field="kind"):
    """An ALSA microphone; ``device`` is ALSA's own name for it."""

    device: FileText = "default"


class StdinSource(_Part, frozen=True, kw_only=True, tag="stdin", tag_field="kind"):
    """Raw 16-bit little-endian mono PCM at 16 kHz on the agent's own standard input."""


class _Pipeline(_Part, frozen=True, kw_only=True):
    """What every pipeline has: its name, how soon it must be ready, and how often it must show progress."""

    name: Name
    start_deadline_s: Seconds = 60.0
    progress_deadline_s: Seconds = 5.0

    @property
    def kind(self) -> str:
        """The pipeline's kind as the file names it."""
        return str(self.__struct_config__.tag)


class DetectionPipeline(_Pipeline, frozen=True, kw_only=True, tag="detection", tag_field="kind"):
    """Pictures in, objects out.

    ``model`` is a bundle's path or a shipped model's name. ``backends`` are tried in this order; none named
    means the choice is the model's. A label is reported when it appears, and again only after it was absent
    for ``hold_s``. With ``snapshot``, such an event takes a JPEG of its picture along with all boxes drawn, at most one
    every ``snapshot_interval_s``.
    """

    model: FileText
    source: ImagesSource | VideoSource
    variant: Annotated[str, Meta(min_length=1)] | None = None
    backends: tuple[str, ...] = ()
    threads: Annotated[int, Meta(ge=0, le=64)] = 0
    score_threshold: Share | None = None
    hold_s: Wait = 2.0
    snapshot: bool = False
    snapshot_interval_s: Wait = 5.0


class WakeWordPipeline(_Pipeline, frozen=True, kw_only=True, tag="wakeword", tag_field="kind"):
    """Sound in, spoken words out; ``model`` is a microWakeWord manifest's path or a shipped word's name."""

    model: FileText
    source: AudioFileSource | MicrophoneSource | StdinSource


class SyntheticPipeline(_Pipeline, frozen=True, kw_only=True, tag="synthetic", tag_field="kind"):
    """A stand-in that needs no model: events at a steady rate, and on demand the faults that real ones have.

    Event number ``n`` of a child carries the text ``n`` as its message. It sends ``limit`` events and then
    idles (0: no limit). After every ``fault_after`` events a child fails in the way of ``fault``:

    - ``crash`` ends at once with a signal, as a native library does;
    - ``error`` ends with a typed error, as a missing file does;
    - ``hang`` stops answering, as a stuck accelerator does;
    - ``babble`` sends bytes that are no message;
    - ``refuse`` never becomes ready, as a model that does not load.

    With ``fault_marker`` set, the fault happens only while that file does not exist, and the child makes it
    first: so the fault happens once.
    """

    label: Annotated[str, Meta(min_length=1, max_length=128)] = "synthetic"
    events_per_s: Rate = 1.0
    limit: Annotated[int, Meta(ge=0)] = 0
    fault: Literal["none", "crash", "error", "hang", "babble", "refuse"] = "none"
    fault_after: Annotated[int, Meta(ge=0)] = 0
    fault_marker: FileText | None = None


PipelineConfig = DetectionPipeline | WakeWordPipeline | SyntheticPipeline


class TlsConfig(_Part, frozen=True, kw_only=True):
    """Files for TLS: who signs the broker's certificate (default: the system's list), and the device's own."""

    ca_file: FileText | None = None
    certificate_file: FileText | None = None
    key_file: FileText | None = None


class MqttConfig(_Part, frozen=True, kw_only=True):
    """Where the broker is and how to log in; ``protocol`` auto means 5, and 3.1.1 where the broker has no 5.

    The password is read from ``password_file`` or, without it, from the environment variable that
    ``password_env`` names; it is never part of the configuration itself.
    """

    url: Annotated[str, Meta(max_length=1024)]
    username: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    password_file: FileText | None = None
    password_env: Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] = "SKERRY_MQTT_PASSWORD"  # noqa: S105  # a variable's name
    tls: TlsConfig | None = None
    keepalive_s: Annotated[int, Meta(ge=5, le=3600)] = 30
    protocol: Literal["auto", "5", "3.1.1"] = "auto"


class OutboxConfig(_Part, frozen=True, kw_only=True):
    """How many bytes of messages may wait for the broker."""

    max_bytes: Annotated[int, Meta(ge=65536, le=1 << 40)] = 4 << 20


class AgentConfig(_Part, frozen=True, kw_only=True):
    """The whole file: who the device is, where its state and the broker are, and what it runs."""

    site: Name
    device: Name
    board: Annotated[str, Meta(min_length=1, max_length=128)]
    mqtt: MqttConfig
    pipelines: Annotated[tuple[PipelineConfig, ...], Meta(max_length=MAX_PIPELINES)]
    state_dir: FileText = "/var/lib/skerry"
    heartbeat_interval_s: Annotated[float, Meta(ge=0.1, le=3600)] = 30.0
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    outbox: OutboxConfig = OutboxConfig()

"""What parent and child say to each other: one JSON object a line over a socket of their own."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct, field

from skerry_edge.agent.config.pipelines import PipelineConfig
from skerry_edge.agent.line.blame import Blame
from skerry_edge.contracts.messages import MAX_JSON_BYTES, Count, Id, Name, Share, Sight, Text, UnixMs
from skerry_edge.contracts.snapshots import MAX_SNAPSHOT_BYTES
from skerry_edge.foundation.errors import DataError

MAX_LINE_BYTES = MAX_JSON_BYTES + 4 * -(-MAX_SNAPSHOT_BYTES // 3)
"""The largest event and its snapshot, which JSON carries as base64."""
Milliseconds = Annotated[float, Meta(ge=0.0, le=1e9)]
Jpeg = Annotated[bytes, Meta(max_length=MAX_SNAPSHOT_BYTES)]
Box = tuple[float, float, float, float]
Stage = Literal["program", "model", "first-inference"]
"""What a child does until it is ready: starts its program, opens its model, runs it for the first time."""
T = TypeVar("T")


class ProtocolError(DataError):
    """Bytes from the other side that are no message."""


class Start(Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Parent to child, once, first: what to run.

    One that ``stands_by`` loads its model, says so, and touches its source only when it is told to `Go`.
    """

    pipeline: PipelineConfig
    log_level: str
    stands_by: bool = False


class Go(Struct, frozen=True, kw_only=True, tag=True):
    """Parent to a child that stands by: the source is yours."""


class TakeSnapshot(Struct, frozen=True, kw_only=True, tag=True):
    """Parent to child: make a picture of what is seen now and answer with a `Picture` of the same ``order``."""

    order: Id


class LeavePictures(Struct, frozen=True, kw_only=True, tag=True):
    """Parent to child: write what you keep of the pictures that you saw last into ``folder``, a new one."""

    folder: Annotated[str, Meta(min_length=1, max_length=4096)]


class Mute(Struct, frozen=True, kw_only=True, tag=True):
    """Parent to child: keep and judge nothing from now on, or listen again."""

    muted: bool


class Reached(Struct, frozen=True, kw_only=True, tag=True):
    """The next stage of becoming ready begins; the first one, `program`, begins with the process."""

    stage: Stage


class Ready(Struct, frozen=True, kw_only=True, tag=True):
    """The model is loaded and has run."""

    model: Name
    model_version: Name
    backend: Name


class Progress(Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The beat that keeps a child alive, with what was done since the last one.

    ``stages_ms`` holds one value of each stage of the timing schema that was measured; ``drops`` counts frames
    by cause. Of the ``frames``, ``unjudged`` ones were thrown away, as the sound of a muted microphone.
    """

    frames: Count = 0
    unjudged: Count = 0
    errors: Count = 0
    drops: dict[str, Count] = field(default_factory=dict)
    stages_ms: dict[str, Milliseconds] = field(default_factory=dict)


class Finding(Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """An event as a pipeline sees it; the parent adds who and when in the session, and accepts it.

    ``ts`` is the capture in Unix milliseconds; ``decided_ns`` the decision on the monotonic clock, which all
    processes of a machine share. ``snapshot`` is a JPEG; all else is as in the contract's Event.
    """

    kind: Literal["detection", "wakeword", "system"]
    label: Name
    ts: UnixMs
    decided_ns: int
    score: Share | None = None
    box: Box | None = None
    phase: Literal["instant", "begin", "update", "end"] = "instant"
    latency_ms: Milliseconds | None = None
    message: Text | None = None
    snapshot: Jpeg | None = None
    track: Name | None = None
    began: UnixMs | None = None
    zones: tuple[Name, ...] = ()
    before: Sight | None = None


class Counts(Struct, frozen=True, kw_only=True, tag=True):
    """How many objects of each label are there now, in the whole picture and by zone; sent when that changes."""

    everywhere: dict[Name, Count]
    zones: dict[Name, dict[Name, Count]]


class SourceState(Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Why the pipeline's source gives nothing, or nothing new; None when it is well again. Sent when that changes."""

    reason: Text | None = None


class Picture(Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The answer to a `TakeSnapshot`: a JPEG, or the reason why there is none."""

    order: Id
    jpeg: Jpeg | None = None
    reason: Text | None = None


class Failed(Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The child's last words before it ends because it cannot go on; ``blame`` as in `line.blame`."""

    reason: Text
    blame: Blame = "elsewhere"


class Ended(Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The child's last words when its source came to its end, or when it was told to stop."""

    stopped: bool = False


Order = Go | TakeSnapshot | LeavePictures | Mute
Report = Reached | Ready | Progress | Finding | Counts | SourceState | Picture | Failed | Ended

_encoder = msgspec.json.Encoder()
_reports: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)
_starts: msgspec.json.Decoder[Start] = msgspec.json.Decoder(Start)
_orders: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order)


def encode_line(message: Report | Start | Order) -> bytes:
    """Return the message as one line. Raises ProtocolError above MAX_LINE_BYTES."""
    line = _encoder.encode(message) + b"\n"
    if len(line) > MAX_LINE_BYTES:
        raise ProtocolError("a message between parent and child is too long", found=f"{len(line)} bytes")
    return line


def decode_report(line: bytes) -> Report:
    """Return a child's message. Raises ProtocolError."""
    return _decode(_reports, line)


def decode_start(line: bytes) -> Start:
    """Return the parent's first message. Raises ProtocolError."""
    return _decode(_starts, line)


def decode_order(line: bytes) -> Order:
    """Return what the parent orders later. Raises ProtocolError."""
    return _decode(_orders, line)


def _decode(decoder: msgspec.json.Decoder[T], line: bytes) -> T:
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError("a line between parent and child is no message", found=str(error)[:300]) from error

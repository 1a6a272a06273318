"""What the API answers with, as its OpenAPI document describes it. Times are Unix milliseconds."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class DeviceOut(BaseModel):
    """A device, whether it is there and why not, and the vitals of its newest heartbeat."""

    device: str
    site: str
    online: bool = Field(description="True unless presence is 'offline'; a degraded device is online.")
    presence: Literal["online", "degraded", "offline"]
    reason: str | None = Field(description="Why the device is offline or degraded.")
    since_ms: int = Field(description="Since when presence is what it is, by the server's clock.")
    last_seen_ms: int | None = Field(description="When the server last heard the device itself.")
    session: str | None
    board: str | None
    agent_version: str | None
    models: list[str]
    temperature_c: float | None
    cpu_percent: float | None
    throttled: bool | None
    undervoltage: bool | None
    clock_synced: bool | None = Field(description="Whether its clock was synchronised at its newest message.")
    uptime_s: float | None
    outbox_depth: int | None
    outbox_dropped: int | None
    name: str | None = Field(default=None, description="What people call it.")
    note: str | None = Field(default=None, description="What people noted about it.")
    decommissioned_ms: int | None = Field(default=None, description="When it was taken out of service.")


class DevicesOut(BaseModel):
    """One page of devices, by id; ``next`` is the cursor of the following page, if there is one."""

    devices: list[DeviceOut]
    next: str | None


class DeviceDetailOut(DeviceOut):
    """A device with what people arranged."""

    tags: dict[str, str]
    groups: list[str]


class SightOut(BaseModel):
    """A tracked object as the event before told of it."""

    score: float
    box: list[float]
    zones: list[str] = []


class EventOut(BaseModel):
    """Something a device saw, heard or reported; ``id`` rises in the order of arrival."""

    id: int
    device: str
    site: str
    kind: Literal["detection", "wakeword", "system"]
    label: str
    pipeline: str
    phase: str
    session: str = Field(description="The agent's start that it is from.")
    ts_ms: int = Field(description="When it happened, by the device's clock.")
    received_ms: int = Field(description="When the server got it.")
    clock_synced: bool
    replayed: bool = Field(description="It waited on the device while there was no connection.")
    score: float | None
    box: list[float] | None = Field(description="x_min, y_min, x_max, y_max as shares of the picture.")
    model: str | None
    model_version: str | None
    latency_ms: float | None = Field(description="From capture to the decision.")
    message: str | None
    track: str | None = Field(description="What the begin, the updates and the end of one object have in common.")
    began_ms: int | None = Field(description="When that object began, by the device's clock.")
    zones: list[str] = Field(description="The zones that it is in now.")
    before: SightOut | None = Field(description="What the event before told of it.")
    snapshot: str | None = Field(
        description="Where its picture is, a JPEG with boxes drawn, if one is kept: its own, or its object's newest."
    )
    snapshot_of: int | None = Field(description="The id of the event that the picture came with.")
    snapshot_ms: int | None = Field(description="When the picture was taken, by the device's clock.")
    snapshot_box: list[float] | None = Field(
        default=None, description="Where the object was when the picture was taken: the box of that event."
    )


class EventsOut(BaseModel):
    """One page of events, newest arrival first; ``next`` is the cursor of the following page, if there is one."""

    events: list[EventOut]
    next: str | None


class DeadLetterOut(BaseModel):
    """A refused message; ``payload`` is its beginning as text, with what is no UTF-8 replaced."""

    id: int
    topic: str
    reason: str
    detail: str
    payload: str
    payload_bytes: int = Field(description="How long the payload was; up to 256 KiB are kept.")
    times: int = Field(description="How often the same topic and payload came.")
    first_received_ms: int
    last_received_ms: int
    replayed_ms: int | None = Field(description="When it was taken in after all.")


class DeadLettersOut(BaseModel):
    """One page of dead letters, newest first, and how many there are."""

    dead_letters: list[DeadLetterOut]
    total: int
    next: str | None


class SampleOut(BaseModel):
    """Numbers of one moment."""

    time_ns: int
    tags: dict[str, str]
    fields: dict[str, float]


class SamplesOut(BaseModel):
    """One page of points of a device, newest first; ``next`` is the cursor of the following page, if there is one.

    Points of one moment stay together, so a page may have some more than were asked for.
    """

    samples: list[SampleOut]
    next: str | None


class PartOut(BaseModel):
    """Whether one thing that the server needs works."""

    ok: bool
    detail: str
    since_ms: int


class HealthOut(BaseModel):
    """Whether everything works, and what went through since the server started.

    A process without ingest has neither broker nor spool.
    """

    ok: bool
    broker: PartOut | None = None
    store: PartOut
    registry: PartOut
    spool: PartOut | None = None
    received: int
    durable: int
    spooled: int
    dead: int
    waiting: int


class ErrorOut(BaseModel):
    """What went wrong, and what to do about it."""

    error: str
    where: str | None = None
    found: str | None = None
    todo: str | None = None

"""Rows of the registry as what the API answers with; the dashboard reads the same."""

from __future__ import annotations

from sqlalchemy.orm import Session

from skerry_server.api.schemas import DeadLetterOut, DeviceDetailOut, DeviceOut, EventOut
from skerry_server.registry.events import EventSearch, search
from skerry_server.registry.fleet.changes import tags_of
from skerry_server.registry.fleet.groups import groups_of
from skerry_server.registry.models import DeadLetterRow, Device, EventRow, PresenceRow
from skerry_server.registry.snapshots import Taken, pictures_of

API = "/api/v1"
SHOWN_PAYLOAD_BYTES = 2_000


def device_out(row: Device, presence: PresenceRow | None) -> DeviceOut:
    """Return a device; one that was bound and sent nothing that tells its presence counts as offline."""
    state = presence.state if presence else "offline"
    return DeviceOut(
        device=row.id,
        site=row.site,
        online=state != "offline",
        presence=state,  # type: ignore[arg-type]  # checked by pydantic
        reason=presence.reason if presence else "nothing heard that tells whether it is there",
        since_ms=presence.since_ms if presence else row.first_received_ms,
        last_seen_ms=row.last_received_ms,
        session=presence.session if presence else None,
        board=row.board,
        agent_version=row.agent_version,
        models=row.models,
        temperature_c=row.temperature_c,
        cpu_percent=row.cpu_percent,
        throttled=row.throttled,
        undervoltage=row.undervoltage,
        clock_synced=presence.is_synced if presence else None,
        uptime_s=row.uptime_s,
        outbox_depth=row.outbox_depth,
        outbox_dropped=row.outbox_dropped,
        name=row.name,
        note=row.note,
        decommissioned_ms=row.decommissioned_ms,
    )


def device_detail_out(session: Session, row: Device) -> DeviceDetailOut:
    """Return a device with its tags and groups."""
    whole = device_out(row, session.get(PresenceRow, row.id))
    return DeviceDetailOut(**whole.model_dump(), tags=tags_of(session, row.id), groups=groups_of(session, row.id))


def read_events(session: Session, wanted: EventSearch) -> list[EventOut]:
    """Return the events that are wanted, newest arrival first, each with the address of its snapshot if one is kept."""
    rows = search(session, wanted)
    pictures = pictures_of(session, rows)
    return [event_out(row, picture=pictures.get(row.id)) for row in rows]


def event_out(row: EventRow, *, picture: Taken | None) -> EventOut:
    """Return an event; ``picture`` is what its picture came with."""
    return EventOut(
        id=row.id,
        device=row.device,
        site=row.site,
        kind=row.kind,  # type: ignore[arg-type]  # checked by pydantic
        label=row.label,
        pipeline=row.pipeline,
        phase=row.phase,
        session=row.session,
        ts_ms=row.ts_ms,
        received_ms=row.received_ms,
        clock_synced=row.is_synced,
        replayed=row.replayed,
        score=row.score,
        box=row.box,
        model=row.model,
        model_version=row.model_version,
        latency_ms=row.latency_ms,
        message=row.message,
        track=row.track,
        began_ms=row.began_ms,
        zones=row.zones or [],
        before=row.before,  # type: ignore[arg-type]  # checked by pydantic
        snapshot=_snapshot_address(row.device, picture.message_id) if picture else None,
        snapshot_of=picture.id if picture else None,
        snapshot_ms=picture.ts_ms if picture else None,
        snapshot_box=picture.box if picture else None,
    )


def dead_letter_out(row: DeadLetterRow) -> DeadLetterOut:
    """Return a dead letter with the beginning of its payload as text."""
    return DeadLetterOut(
        id=row.id,
        topic=row.topic,
        reason=row.reason,
        detail=row.detail,
        payload=row.payload[:SHOWN_PAYLOAD_BYTES].decode("utf-8", "replace"),
        payload_bytes=row.payload_bytes,
        times=row.times,
        first_received_ms=row.first_received_ms,
        last_received_ms=row.last_received_ms,
        replayed_ms=row.replayed_ms,
    )


def _snapshot_address(device: str, event: str) -> str:
    return f"{API}/devices/{device}/snapshots/{event}"

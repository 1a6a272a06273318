"""How far versions of desired state have come: what each device made of the version that it was given."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from skerry_edge.contracts.messages import DESIRED_REFUSED, State
from skerry_server.registry.chunks import chunks
from skerry_server.registry.models import DesiredRow, DesiredStageRow, EventRow, PresenceRow, ReportRow

Progress = Literal["applied", "refused", "waiting", "surpassed"]
_VERSION = re.compile(r"\bdesired version (\d{1,16})\b")


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What became of one version: ``reason`` is the device's own where it refused, else what it waits for."""

    device: str
    version: int
    progress: Progress
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """What devices said: applied versions, the texts of refusals with their arrival, newest first, who is offline."""

    applied: dict[str, int]
    refusals: dict[str, list[tuple[int, str]]]
    newest: dict[str, int]
    offline: frozenset[str]


def standings(session: Session, versions: Iterable[DesiredRow]) -> list[Standing]:
    """Return how far each of ``versions`` has come, in their order."""
    found: list[Standing] = []
    for piece in chunks(versions):
        known = _known(session, piece)
        found += [_standing(row, known) for row in piece]
    return found


def versions_of_stage(session: Session, stage: DesiredStageRow, devices: Iterable[str]) -> list[DesiredRow]:
    """Return the versions that ``devices`` got from an applied stage, by device; none where it is not applied."""
    if stage.state != "applied":
        return []
    found: list[DesiredRow] = []
    for piece in chunks(devices):
        # A stage is applied in one transaction: all its versions have its author and time.
        query = select(DesiredRow).where(DesiredRow.device.in_(piece), DesiredRow.ts_ms == stage.decided_ms)
        found += session.scalars(query.where(DesiredRow.author == stage.decided_by).order_by(DesiredRow.device))
    return [row for row in found if (row.config, row.models) == (stage.config, stage.models)]


def rollout_text(standings: Sequence[Standing]) -> str:
    """Return in one line how many have it, how many refused and why, and how many have yet to."""
    counts = Counter(one.progress for one in standings)
    parts = [f"{counts['applied']} of {len(standings)} have it"]
    reasons = Counter(one.reason for one in standings if one.progress == "refused")
    parts += [f"{count} refused: {reason}" for reason, count in reasons.most_common(1)]
    if len(reasons) > 1:
        parts.append(f"{counts['refused'] - reasons.most_common(1)[0][1]} refused for other reasons")
    if counts["waiting"]:
        parts.append(f"{counts['waiting']} not yet")
    if counts["surpassed"]:
        parts.append(f"{counts['surpassed']} got a later version")
    return "; ".join(parts)


def _standing(row: DesiredRow, known: _Known) -> Standing:
    applied = known.applied.get(row.device, 0)
    if applied == row.version:
        return Standing(device=row.device, version=row.version, progress="applied")
    if known.newest[row.device] > row.version:
        return Standing(device=row.device, version=row.version, progress="surpassed")
    refusal = _refusal(row, known.refusals.get(row.device, []))
    if refusal is not None:
        return Standing(device=row.device, version=row.version, progress="refused", reason=refusal)
    reason = "the device is offline" if row.device in known.offline else "the device has not answered"
    if row.published_ms is None:
        reason = "not sent yet"
    return Standing(device=row.device, version=row.version, progress="waiting", reason=reason)


def _refusal(row: DesiredRow, told: Iterable[tuple[int, str]]) -> str | None:
    """Return the newest refusal that came after the version was made, and that names no other version."""
    for received_ms, text in told:
        named = _VERSION.search(text)
        if received_ms >= row.ts_ms and (named is None or int(named[1]) == row.version):
            return text
    return None


def _known(session: Session, rows: Sequence[DesiredRow]) -> _Known:
    devices = sorted({row.device for row in rows})
    reports = select(ReportRow.device, ReportRow.payload).where(
        ReportRow.device.in_(devices), ReportRow.kind == "state"
    )
    newest = select(DesiredRow.device, func.max(DesiredRow.version)).where(DesiredRow.device.in_(devices))
    offline = select(PresenceRow.device).where(PresenceRow.device.in_(devices), PresenceRow.state == "offline")
    return _Known(
        applied=_applied((one[0], one[1]) for one in session.execute(reports)),
        refusals=_refusals(session, devices, since_ms=min(row.ts_ms for row in rows)),
        newest={one[0]: one[1] for one in session.execute(newest.group_by(DesiredRow.device))},
        offline=frozenset(session.scalars(offline)),
    )


def _applied(reports: Iterable[tuple[str, bytes]]) -> dict[str, int]:
    """Return the version that each device says it has; what another version of Skerry kept may say nothing any more."""
    found: dict[str, int] = {}
    for device, payload in reports:
        with contextlib.suppress(msgspec.MsgspecError):
            found[device] = msgspec.json.decode(payload, type=State).config_version
    return found


def _refusals(session: Session, devices: Sequence[str], *, since_ms: int) -> dict[str, list[tuple[int, str]]]:
    query = select(EventRow.device, EventRow.received_ms, EventRow.message).where(
        EventRow.kind == "system",
        EventRow.label == DESIRED_REFUSED,
        EventRow.device.in_(devices),
        EventRow.received_ms >= since_ms,
    )
    found: dict[str, list[tuple[int, str]]] = {}
    for device, received_ms, message in session.execute(query.order_by(EventRow.id.desc())):
        found.setdefault(device, []).append((received_ms, message or "the device did not say why"))
    return found

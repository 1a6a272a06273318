"""One batch into the registry, in one transaction: events, presence, vitals, reports and dead letters."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from skerry_edge.contracts.messages import Event, Heartbeat
from skerry_server.ingest.validate import Accepted, DeadLetter, refuse
from skerry_server.presence import Evidence, observe, silent
from skerry_server.registry.dead_letters import add_dead_letters, trim_dead_letters
from skerry_server.registry.devices import Beat, heard_between, presence_of, save_heard, save_presence
from skerry_server.registry.events import add_events, kept_id
from skerry_server.registry.reports import save_reports


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """What a batch brought: the devices that were heard now, new events, and old dead letters that made room.

    ``contradictions`` are events that became dead letters, as their device had used their number for another one.
    """

    heard: frozenset[str]
    new_events: int
    contradictions: Sequence[DeadLetter]
    trimmed_letters: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Silenced:
    """Of devices that seemed silent: those that counted as there until now, and those that were heard after all."""

    fallen: Sequence[str]
    heard: frozenset[str]


def record(session: Session, accepted: Sequence[Accepted], letters: Sequence[DeadLetter]) -> Recorded:
    """Keep everything of a batch but its points. Doing it again with the same batch changes nothing that counts."""
    new_events, contradictions = _keep_events(session, accepted)
    current = _observe(session, accepted)
    save_reports(session, accepted, current)
    letters = [*letters, *contradictions]
    add_dead_letters(session, letters)
    trimmed = trim_dead_letters(session) if letters else 0
    heard = frozenset(one.topic.device for one in current if not one.delivery.is_retained)
    return Recorded(heard=heard, new_events=new_events, contradictions=contradictions, trimmed_letters=trimmed)


def mark_silent(session: Session, devices: Collection[str], *, now_ms: int, limit_s: float) -> Silenced:
    """Note that nothing came from ``devices`` for ``limit_s`` seconds, unless the registry knows better.

    A message may have been kept while this waited for its turn, so what counts is what this transaction sees.
    """
    heard = heard_between(session, devices, after_ms=now_ms - round(limit_s * 1000), until_ms=now_ms)
    known = presence_of(session, set(devices) - heard)
    fallen = {device: silent(one, now_ms=now_ms, limit_s=limit_s) for device, one in known.items()}
    fallen = {device: after for device, after in fallen.items() if after != known[device]}
    save_presence(session, fallen)
    return Silenced(fallen=sorted(fallen), heard=heard)


def _keep_events(session: Session, accepted: Sequence[Accepted]) -> tuple[int, list[DeadLetter]]:
    """Keep the events; return how many were new, and a letter for each whose number stands for another event."""
    events = [(one, one.message) for one in accepted if isinstance(one.message, Event)]
    new_events = add_events(session, ((one.topic, event, one.delivery.received_ms) for one, event in events))
    if new_events == len(events):
        return new_events, []
    letters = []
    for one, event in events:
        kept = kept_id(session, one.topic, event)
        if kept != event.id:
            detail = f"the device used this session and seq for another event; found id '{event.id}', kept is '{kept}'"
            letters.append(refuse(one.delivery, "identity", detail))
    return new_events, letters


def _observe(session: Session, accepted: Sequence[Accepted]) -> list[Accepted]:
    """Move presence and vitals, and return the messages that say something about now."""
    presences = presence_of(session, {one.topic.device for one in accepted})
    moved, current = {}, []
    heard_ms: dict[str, int] = {}
    newest: dict[str, Beat] = {}
    for one in accepted:
        if one.message is None:
            continue
        device, delivery = one.topic.device, one.delivery
        evidence = Evidence(message=one.message, is_retained=delivery.is_retained, received_ms=delivery.received_ms)
        after = observe(presences.get(device), evidence)
        if after is None:
            continue
        presences[device] = moved[device] = after
        current.append(one)
        if not (delivery.is_retained or evidence.is_will):
            heard_ms[device] = delivery.received_ms
        if isinstance(one.message, Heartbeat):
            newest[device] = Beat(heartbeat=one.message, payload=delivery.payload)
    save_presence(session, moved)
    save_heard(session, heard_ms, newest)
    return current

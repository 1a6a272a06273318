"""One batch into the registry, in one transaction: events, presence, reports and dead letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace
from sqlalchemy.orm import Session

from skerry_edge.contracts.messages import Event
from skerry_server.errors import RegistryError
from skerry_server.ingest.validate import Accepted, DeadLetter, refuse
from skerry_server.presence import Evidence, Presence, SilenceRules, observe
from skerry_server.registry.dead_letters import add_dead_letters, trim_dead_letters
from skerry_server.registry.events import add_events, kept_id
from skerry_server.registry.presence_history import Transition
from skerry_server.registry.presence_rows import lock_presences, save_presences, transition
from skerry_server.registry.reports import save_reports


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """What a batch brought: new events, and how many unreplayed dead letters made room, by their reason.

    ``presences`` is what decisions about presence came to, ``current`` the messages that they say are about now.
    ``contradictions`` are events that became dead letters, as their device had used their number for another one.
    """

    new_events: int
    presences: Mapping[str, Presence]
    current: Sequence[Accepted]
    contradictions: Sequence[DeadLetter]
    trimmed_letters: Mapping[str, int]


def record(
    session: Session,
    accepted: Sequence[Accepted],
    letters: Sequence[DeadLetter],
    *,
    deciding: Sequence[Accepted],
    rules: SilenceRules,
) -> Recorded:
    """Keep everything of a batch but its points. Doing it again with the same batch changes nothing that counts.

    ``deciding`` are those of ``accepted`` that presence is to be decided on.
    """
    new_events, contradictions = _keep_events(session, accepted)
    presences, decided = decide(session, deciding, rules)
    save_reports(session, accepted)
    letters = [*letters, *contradictions]
    add_dead_letters(session, letters)
    trimmed = trim_dead_letters(session) if letters else {}
    return Recorded(
        new_events=new_events,
        presences=presences,
        current=decided,
        contradictions=contradictions,
        trimmed_letters=trimmed,
    )


def decide(
    session: Session, messages: Sequence[Accepted], rules: SilenceRules
) -> tuple[dict[str, Presence], list[Accepted]]:
    """Move presence by ``messages``, in their order; return what it is now, and which of them are about now.

    Raises RegistryError where a device is gone since its messages were admitted: it is to be bound anew.
    """
    devices = {one.topic.device for one in messages}
    held = lock_presences(session, devices)
    if erased := devices - set(held):
        raise RegistryError("a device was erased while its messages were recorded", found=repr(min(erased)))
    now = {device: one.presence for device, one in held.items() if one.presence is not None}
    moved: dict[str, Presence] = {}
    transitions: list[Transition] = []
    current = []
    for one in messages:
        device = one.topic.device
        before = now.get(device)
        after = observe(before, _evidence(one, held[device].heard_ms, held[device].interval_s, rules))
        if after is None:
            continue
        now[device] = moved[device] = after
        if before is None or (before.state, before.reason, before.session) != (
            after.state,
            after.reason,
            after.session,
        ):
            transitions.append(transition(device, after))
        if one.message is not None and after.session == one.message.session:
            current.append(one)
    save_presences(session, moved, transitions)
    return now, current


def _evidence(one: Accepted, heard_ms: int | None, interval_s: float | None, rules: SilenceRules) -> Evidence:
    assert one.message is not None  # noqa: S101  # a snapshot says nothing of presence
    return Evidence(
        message=one.message,
        is_retained=one.delivery.is_retained,
        received_ms=one.delivery.received_ms,
        limit_ms=round(rules.limit_s(interval_s) * 1000),
        heard_ms=heard_ms,
    )


def _keep_events(session: Session, accepted: Sequence[Accepted]) -> tuple[int, list[DeadLetter]]:
    """Keep the events; return how many were new, and a letter for each whose number stands for another event."""
    events = [(one, one.message) for one in accepted if isinstance(one.message, Event)]
    new_events = add_events(
        session, ((one.topic, _dated(one, event), one.delivery.received_ms) for one, event in events)
    )
    if new_events == len(events):
        return new_events, []
    letters = []
    for one, event in events:
        kept = kept_id(session, one.topic, event)
        if kept != event.id:
            detail = f"the device used this session and seq for another event; found id '{event.id}', kept is '{kept}'"
            letters.append(refuse(one.delivery, "identity", detail))
    return new_events, letters


def _dated(one: Accepted, event: Event) -> Event:
    """Return the event at its time by the server's clock."""
    if not one.offset_ms:
        return event
    began = None if event.began is None else event.began + one.offset_ms
    return replace(event, ts=event.ts + one.offset_ms, began=began)

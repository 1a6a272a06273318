"""What each view of a device reads, as HTML."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import msgspec
from sqlalchemy.orm import Session

from skerry_edge.contracts.codec import decode
from skerry_edge.contracts.errors import WireError
from skerry_edge.contracts.messages import Heartbeat, State
from skerry_server.api.context import Context
from skerry_server.api.read import device_out, read_events
from skerry_server.health import now_ms
from skerry_server.registry.checks import check_choice
from skerry_server.registry.devices import list_devices, newest_heartbeat, sessions_of
from skerry_server.registry.events import EventSearch
from skerry_server.registry.models import ReportRow
from skerry_server.registry.orders.commands import list_commands
from skerry_server.registry.orders.desired import list_desired
from skerry_server.registry.orders.standing import standings
from skerry_server.registry.presence_history import intervals_of
from skerry_server.ui.rows import event_rows
from skerry_server.ui.templating import render
from skerry_server.ui.views.commands import command_line
from skerry_server.ui.views.history import RANGES, machine_charts, pipeline_charts, queries, span_of
from skerry_server.ui.views.overview import newest_picture
from skerry_server.ui.views.presence import interval_line
from skerry_server.ui.views.stages import pipeline_stages
from skerry_server.ui.views.wish import wish_view
from skerry_server.ui.vitals import device_groups

Query = Mapping[str, str]
SHOWN_EVENTS = 40
SHOWN_PICTURES = 12
SHOWN_COMMANDS = 30
SHOWN_INTERVALS = 100
SHOWN_VERSIONS = 20


def now_view(context: Context, device: str, query: Query) -> str:
    """Return the newest picture, vitals, and where each pipeline's time goes."""
    del query
    with context.database.reading() as session:
        found = device_out(*list_devices(session, device=device)[0])
        heartbeat = read_heartbeat(session, device)
        events = read_events(session, EventSearch(device=device, newest_of_track=True, limit=SHOWN_EVENTS))
    groups = device_groups(found, heartbeat, now_ms=now_ms())
    picture = newest_picture(events)
    return render("device_now.html", groups=groups, pipelines=pipeline_stages(heartbeat), picture=picture)


def history_view(context: Context, device: str, query: Query) -> str:
    """Return the charts of a range. Raises StoreError."""
    chosen = check_choice(query.get("range", "1h"), RANGES, where="range")
    asked = queries(device, chosen, now_ns=time.time_ns())
    span = span_of(chosen, now_ms=now_ms())
    charts = [
        *machine_charts(context.store.windows(asked["heartbeat"]), span),
        *pipeline_charts(context.store.windows(asked["inference"]), span),
    ]
    return render("device_history.html", name=device, charts=charts, ranges=RANGES, range=chosen)


def events_view(context: Context, device: str, query: Query) -> str:
    """Return the newest pictures and events."""
    del query
    with context.database.reading() as session:
        events = read_events(session, EventSearch(device=device, newest_of_track=True, limit=SHOWN_EVENTS))
        sessions = sessions_of(session, [device])
    rows = event_rows(events, sessions=sessions)
    pictured = [row for row in rows if row["snapshot"]][:SHOWN_PICTURES]
    return render("device_events.html", name=device, rows=rows, pictured=pictured)


def configuration_view(context: Context, device: str, query: Query) -> str:
    """Return what is wanted against what is applied."""
    del query
    with context.database.reading() as session:
        versions = list_desired(session, device, limit=SHOWN_VERSIONS)
        standing = next(iter(standings(session, versions[:1])), None)
        state = read_state(session, device)
    slots = state.slots if state is not None else {}
    return render("device_config.html", wish=wish_view(versions, state, standing), slots=slots)


def commands_view(context: Context, device: str, query: Query) -> str:
    """Return the newest commands with their results."""
    del query
    with context.database.reading() as session:
        rows = list_commands(session, limit=SHOWN_COMMANDS, device=device)
    return render("device_commands.html", rows=[command_line(row, now_ms=now_ms()) for row in rows])


def presence_view(context: Context, device: str, query: Query) -> str:
    """Return since when the device was what, and why."""
    del query
    at_ms = now_ms()
    with context.database.reading() as session:
        rows = intervals_of(session, device, since_ms=0, until_ms=at_ms + 1, limit=SHOWN_INTERVALS)
    return render("device_presence.html", rows=[interval_line(row, now_ms=at_ms) for row in rows])


READERS: Mapping[str, Callable[[Context, str, Query], str]] = {
    "now": now_view,
    "history": history_view,
    "events": events_view,
    "configuration": configuration_view,
    "commands": commands_view,
    "presence": presence_view,
}


def read_heartbeat(session: Session, device: str) -> Heartbeat | None:
    """Return the newest heartbeat; one that this version's contract does not allow is as good as none."""
    payload = newest_heartbeat(session, device)
    try:
        message = None if payload is None else decode("heartbeat", payload)
    except WireError:
        return None
    return message if isinstance(message, Heartbeat) else None


def read_state(session: Session, device: str) -> State | None:
    """Return the state that the device reported last; one that was kept by another version is as good as none."""
    row = session.get(ReportRow, (device, "state", ""))
    try:
        return None if row is None else msgspec.json.decode(row.payload, type=State)
    except msgspec.MsgspecError:
        return None

"""What a broker's limits mean for a fleet of so many devices while the server is away; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skerry_edge.agent.doctor.findings import Finding
from skerry_edge.contracts.snapshots import MAX_SNAPSHOT_BYTES

SERVER_BATCH = 5_000
"""The server acknowledges up to so many messages at once, when they are durable."""
BESIDE_PAYLOAD_BYTES = 512
_ALONE = 'keep subscription = "plain", the default, with one server or one worker'


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """A fleet, and for how long its server may be away."""

    devices: int
    heartbeat_s: float
    away_min: float

    @property
    def messages(self) -> int:
        """What the devices send meanwhile, heartbeats alone, at least 1."""
        return max(1, round(self.devices * self.away_min * 60 / self.heartbeat_s))

    def __str__(self) -> str:
        return f"{self.devices} devices with a heartbeat every {self.heartbeat_s:g} s, {self.away_min:g} minutes away"


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What the broker says of itself in MQTT 5's CONNACK; ``packet_bytes`` is None where it says no limit.

    ``program`` is the name and version that it publishes, None where it publishes none or this user may not read it.
    """

    where: str
    program: str | None
    receive_maximum: int
    packet_bytes: int | None
    maximum_qos: int
    has_retain: bool
    has_shared: bool
    has_wildcards: bool
    session_s: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """What trying showed: messages that came unacknowledged, and of ``tried`` those ``kept`` for a subscriber away.

    Both are None where the trial's topic is forbidden.
    """

    terms: Terms
    unacknowledged: int | None
    kept: int | None
    tried: int


def judge_broker(seen: Observed, load: Load, *, server_session_s: int) -> Iterator[Finding]:
    """Yield the findings, in the order in which a person would look."""
    yield Finding(name="broker", status="ok", found=f"{seen.terms.where} lets this user in with MQTT 5")
    yield _packets(seen.terms)
    yield _features(seen.terms)
    yield _sharing(seen.terms)
    yield _session(seen.terms, server_session_s)
    if seen.unacknowledged is None or seen.kept is None:
        yield Finding(
            name="limits by trying",
            status="warning",
            found="this user may not publish and read under 'skerry-doctor/#', so nothing was tried",
            todo="give the server's user 'topic readwrite skerry-doctor/#' at the broker (server/deploy/mosquitto)",
        )
    else:
        yield _unacknowledged(seen.unacknowledged)
        yield _queue(seen.kept, seen.tried, load)
    yield Finding(
        name="what survives the broker's own restart (cannot be seen from outside)",
        status="not applicable",
        found="whether sessions, queues and retained messages are on disk cannot be tried without ending the broker",
        todo="mosquitto: `persistence true`, `autosave_interval` short, and a user name for the server beside rules",
    )


def _packets(terms: Terms) -> Finding:
    name, least = "largest packet", MAX_SNAPSHOT_BYTES + BESIDE_PAYLOAD_BYTES
    if terms.packet_bytes is None:
        return Finding(name=name, status="ok", found="the broker says no limit")
    found = f"{terms.packet_bytes} bytes"
    if terms.packet_bytes < least:
        todo = f"allow {least} bytes (mosquitto: max_packet_size), or leave snapshots off"
        return Finding(name=name, status="warning", found=found, todo=todo)
    return Finding(name=name, status="ok", found=found)


def _features(terms: Terms) -> Finding:
    name = "what it offers"
    missing = [
        *([] if terms.maximum_qos >= 1 else ["QoS 1"]),
        *([] if terms.has_retain else ["retained messages"]),
        *([] if terms.has_wildcards else ["wildcard subscriptions"]),
    ]
    if missing:
        todo = "use a broker that has them: nothing works without"
        return Finding(name=name, status="failed", found=f"no {', no '.join(missing)}", todo=todo)
    found = f"QoS 1, retained messages, {terms.receive_maximum} unacknowledged from one client"
    return Finding(name=name, status="ok", found=found)


def _sharing(terms: Terms) -> Finding:
    name = 'subscription = "shared", for several workers'
    if not terms.has_shared:
        return Finding(name=name, status="not applicable", found="no shared subscriptions", todo=_ALONE)
    if terms.program is not None and terms.program.startswith("mosquitto"):
        found = f"{terms.program} forgets shared subscriptions when it restarts, and lets any device join one"
        return Finding(name=name, status="not applicable", found=found, todo=_ALONE)
    found = "offered; whether they outlast the broker's restart and who may join one cannot be seen from outside"
    todo = "before you use it, try a restart, and allow '$share/skerry/skerry/#' to the server's user alone"
    return Finding(name=name, status="not applicable", found=found, todo=todo)


def _session(terms: Terms, wanted_s: int) -> Finding:
    found = f"kept for {terms.session_s} s of {wanted_s} s that the server asks for"
    if terms.session_s < wanted_s:
        todo = "what is published after that while the server is away is lost: allow longer sessions at the broker"
        return Finding(name="session of a server that is away", status="warning", found=found, todo=todo)
    return Finding(name="session of a server that is away", status="ok", found=found)


def _unacknowledged(count: int) -> Finding:
    name = "unacknowledged to the server"
    if count < SERVER_BATCH:
        found = f"{count} messages at once, where the server takes batches of up to {SERVER_BATCH}"
        todo = "allow more (mosquitto: max_inflight_messages): the server gets so many messages a commit and no more"
        return Finding(name=name, status="warning", found=found, todo=todo)
    return Finding(name=name, status="ok", found=f"at least {count} messages, a whole batch")


def _queue(kept: int, tried: int, load: Load) -> Finding:
    name, wanted = "queue for a server that is away", load.messages
    if kept < tried:
        found = f"{kept} of {tried} messages were kept and {tried - kept} dropped without a word; {load} send {wanted}"
        todo = "let more wait (mosquitto: max_queued_messages, max_queued_bytes)"
        return Finding(name=name, status="warning", found=found, todo=todo)
    if tried < wanted:
        found = f"all of {tried} messages were kept, as many as are tried; {load} send {wanted}"
        todo = "the broker's own limit must be above that (mosquitto: max_queued_messages, max_queued_bytes)"
        return Finding(name=name, status="not applicable", found=found, todo=todo)
    return Finding(name=name, status="ok", found=f"all of {tried} messages were kept, what {load} send")

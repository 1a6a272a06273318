"""What people are told, decided: alerts of one rule and site become one message, at most so often. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Literal

from skerry_server.alerts.kinds import KINDS
from skerry_server.alerts.rules import RANK
from skerry_server.registry.alerts import Severity

MAX_LINES = 10
"""Subjects that one message names; the rest are counted."""
MAX_LINE_CHARS = 200
MAX_MESSAGES = 5
"""Messages that a channel gets after one look; more become one."""
MASS_SHARE = 0.5
MASS_LEAST = 3
"""From so many devices, and such a share of their site, on their being offline at once has one cause."""

Occasion = Literal["firing", "still", "resolved"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """How long alerts gather, how often a group is told, and after how long again (ms); a ``repeat_ms`` of 0 never."""

    group_wait_ms: int
    group_interval_ms: int
    repeat_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """An alert as far as telling of it goes; times are Unix ms.

    ``kind`` is None where its rule is gone. ``site`` is None for what is about no device.
    """

    id: int
    rule: str
    kind: str | None
    device: str | None
    site: str | None
    subject: str
    severity: Severity
    detail: str
    began_ms: int
    ended_ms: int | None = None
    notified_ms: int | None = None
    is_acknowledged: bool = False
    is_silenced: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What is told of a group: ``alerts`` of one rule and site, on one occasion."""

    occasion: Occasion
    severity: Severity
    site: str | None
    title: str
    body: str
    alerts: tuple[int, ...]


def messages(alerts: Iterable[Alert], site_sizes: Mapping[str, int], timing: Timing, *, now_ms: int) -> list[Message]:
    """Return what is to be told now; ``site_sizes`` are the numbers of devices in service."""
    groups: dict[tuple[str, str | None], list[Alert]] = defaultdict(list)
    for alert in alerts:
        groups[alert.rule, alert.site].append(alert)
    told = []
    for members in groups.values():
        for occasion, due in _due(members, timing, now_ms):
            told.append(_message(occasion, due, site_sizes))
    return sorted(told, key=lambda one: (-RANK[one.severity], one.title))


def merged(told: Sequence[Message]) -> Sequence[Message]:
    """Return ``told``, or where it is more than a channel should get at once, one message in its place."""
    if len(told) <= MAX_MESSAGES:
        return told
    lasting = [one for one in told if one.occasion != "resolved"]
    worst = max((one.severity for one in lasting or told), key=RANK.__getitem__)
    sites = {one.site for one in told}
    count = sum(len(one.alerts) for one in told)
    return [
        Message(
            occasion="firing" if lasting else "resolved",
            severity=worst,
            site=sites.pop() if len(sites) == 1 else None,
            title=f"[{worst if lasting else 'resolved'}] {count} alerts of {len(told)} kinds and sites",
            body=_listed([one.title for one in told], most=3 * MAX_LINES),
            alerts=tuple(number for one in told for number in one.alerts),
        )
    ]


def _due(members: Sequence[Alert], timing: Timing, now_ms: int) -> Iterable[tuple[Occasion, list[Alert]]]:
    audible = [one for one in members if not one.is_silenced]
    lasting = [one for one in audible if one.ended_ms is None and not one.is_acknowledged]
    new = [one for one in lasting if one.notified_ms is None]
    if new and _may_tell(new, members, timing, now_ms):
        yield "firing", new
    again = [one for one in lasting if one.notified_ms is not None and now_ms - one.notified_ms >= timing.repeat_ms]
    if timing.repeat_ms and again:
        yield "still", again
    over = [(one, one.ended_ms) for one in audible if one.ended_ms is not None and one.ended_ms <= now_ms]
    # While others of the group last there is more to come: devices come back one after another.
    has_more = any(one.ended_ms is None and one.notified_ms is not None for one in members)
    wait_ms = max(timing.group_wait_ms, timing.group_interval_ms) if has_more else timing.group_wait_ms
    if over and now_ms - min(ended_ms for _, ended_ms in over) >= wait_ms:
        yield "resolved", [one for one, _ in over]


def _may_tell(new: Sequence[Alert], members: Sequence[Alert], timing: Timing, now_ms: int) -> bool:
    """Tell whether ``new`` has gathered for long enough, and its group was not told of just now or of less."""
    if now_ms - min(one.began_ms for one in new) < timing.group_wait_ms:
        return False
    told = [(one.notified_ms, RANK[one.severity]) for one in members if one.notified_ms is not None]
    if not told or max(RANK[one.severity] for one in new) > max(rank for _, rank in told):
        return True
    return now_ms - max(notified_ms for notified_ms, _ in told) >= timing.group_interval_ms


def _message(occasion: Occasion, alerts: Sequence[Alert], site_sizes: Mapping[str, int]) -> Message:
    first = min(alerts, key=lambda one: one.began_ms)
    severity = max((one.severity for one in alerts), key=RANK.__getitem__)
    since = f"since {_clock(first.began_ms)}"
    mark = "resolved" if occasion == "resolved" else severity
    phrase = _phrase(first)
    who, verb = _subject(alerts)
    if occasion == "resolved":
        sentence = f"{who} {verb} no longer {phrase}"
    else:
        still = "still " if occasion == "still" else ""
        sentence = f"{who} {verb} {still}{phrase} {since}{_suspicion(alerts, site_sizes)}"
    return Message(
        occasion=occasion,
        severity=severity,
        site=first.site,
        title=_plain(f"[{mark}] {sentence}"),
        body=_listed([_line(one) for one in alerts], most=MAX_LINES),
        alerts=tuple(one.id for one in alerts),
    )


def _subject(alerts: Sequence[Alert]) -> tuple[str, str]:
    """Return of whom a sentence speaks, and the verb that goes with it."""
    first = alerts[0]
    if first.device is None:
        if first.kind is not None and KINDS[first.kind].about == "server":
            return "the server", "is"
        return (f"model {first.subject}", "is") if len(alerts) == 1 else (f"{len(alerts)} models", "are")
    devices = {one.device for one in alerts}
    place = f" of site {first.site}" if first.site else ""
    if len(devices) > 1:
        return f"{len(devices)} devices{place}", "are"
    about = f" ({first.subject})" if first.subject and len(alerts) == 1 else ""
    return f"{first.device}{about}{place}", "is"


def _phrase(alert: Alert) -> str:
    return KINDS[alert.kind].phrase if alert.kind is not None else f"under the rule '{alert.rule}'"


def _suspicion(alerts: Sequence[Alert], site_sizes: Mapping[str, int]) -> str:
    first = alerts[0]
    if first.kind != "offline" or first.site is None:
        return ""
    enough = max(MASS_LEAST, MASS_SHARE * site_sizes.get(first.site, 0))
    return ": broker or uplink?" if len(alerts) >= enough else ""


def _line(alert: Alert) -> str:
    names = [name for name in (alert.device, alert.subject) if name]
    return _plain(f"{' / '.join(names)}: {alert.detail}" if names else alert.detail)


def _plain(text: str) -> str:
    """Return what may come from a device as one short line without characters that steer anything."""
    shown = "".join(char if char.isprintable() else " " for char in text)
    return shown if len(shown) <= MAX_LINE_CHARS else f"{shown[: MAX_LINE_CHARS - 1]}…"


def _listed(lines: Sequence[str], *, most: int) -> str:
    rest = len(lines) - most
    shown = "\n".join(lines[:most])
    return f"{shown}\n… and {rest} more" if rest > 0 else shown


def _clock(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000.0, tz=timezone.utc).strftime("%d %b %H:%M UTC")

"""From the registry's rows to notifications: which alerts are to be told to which channels. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from skerry_server.alerts.channels import Channel
from skerry_server.alerts.digest import Alert, Timing, merged, messages
from skerry_server.alerts.fleet import Watched
from skerry_server.alerts.rules import Rule
from skerry_server.registry.alerts import Severity
from skerry_server.registry.models import AlertRow, SilenceRow
from skerry_server.registry.notifications import Notification
from skerry_server.registry.silences import holds_for


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What is to be brought to people, and the alerts that they know of then."""

    notifications: list[Notification]
    alerts: list[int]


def tell(
    rows: Iterable[AlertRow],
    silences: Sequence[SilenceRow],
    fleet: Mapping[str, Watched],
    rules: Mapping[str, Rule],
    channels: Sequence[Channel],
    timing: Timing,
    *,
    now_ms: int,
) -> Told:
    """Return what of the alerts in ``rows`` is to be told now; what no channel wants is not told, and waits."""
    if not channels:
        return Told(notifications=[], alerts=[])
    alerts = [_alert(row, silences, fleet.get(row.device or ""), rules.get(row.rule)) for row in rows]
    sizes = Counter(device.site for device in fleet.values())
    due = messages(alerts, sizes, timing, now_ms=now_ms)
    notifications, known = [], set[int]()
    for channel in channels:
        wanted = [
            one
            for one in due
            if channel.wants(severity=one.severity, site=one.site, is_resolved=one.occasion == "resolved")
        ]
        for one in merged(wanted):
            severity: Severity = "info" if one.occasion == "resolved" else one.severity
            notifications.append(Notification(channel=channel.name, severity=severity, title=one.title, body=one.body))
            known.update(one.alerts)
    # The end of what nobody wants to hear of is nothing to wait with.
    known.update(number for one in due if one.occasion == "resolved" for number in one.alerts)
    return Told(notifications=notifications, alerts=sorted(known))


def _alert(row: AlertRow, silences: Sequence[SilenceRow], device: Watched | None, rule: Rule | None) -> Alert:
    groups = device.groups if device else frozenset[str]()
    return Alert(
        id=row.id,
        rule=row.rule,
        kind=rule.kind.name if rule else None,
        device=row.device,
        site=device.site if device else None,
        subject=row.subject,
        severity=row.severity,  # type: ignore[arg-type]  # only `fire` and `worsen` write this column
        detail=row.detail,
        began_ms=row.began_ms,
        ended_ms=row.ended_ms,
        notified_ms=row.notified_ms,
        is_acknowledged=row.state == "acknowledged",
        is_silenced=any(holds_for(one, rule=row.rule, device=row.device, groups=groups) for one in silences),
    )

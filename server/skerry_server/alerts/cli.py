"""`skerry server alerts`: what fires, which rules hold, and whether a channel reaches anybody."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skerry_server.registry.cli.opening import config_option, json_option

if TYPE_CHECKING:
    from skerry_server.alerts.channels import Channel
    from skerry_server.alerts.rules import Rule
    from skerry_server.registry.models import AlertRow

SHOWN_CHARS = 100


@click.group()
def alerts() -> None:
    """Look at alerts and their rules, and try the channels that people are told by."""


@alerts.command(
    name="list",
    epilog="""\b
Examples:
  skerry server alerts list
  skerry server alerts list --all --device cam-7
  skerry server alerts list --json | jq '.alerts[] | select(.severity == "critical")'

With --json, 'waiting' tells for each channel how many notifications wait for it, and why the last attempt failed.

\b
Exit codes:
  0  told
  2  wrong usage or configuration
  4  the registry does not answer
""",
)
@config_option
@click.option("--all", "everything", is_flag=True, help="Those that are over as well.")
@click.option("--rule", help="Only those of this rule.")
@click.option("--device", help="Only those of this device.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many, newest first."
)
@json_option
def list_(
    *, config: Path | None, everything: bool, rule: str | None, device: str | None, limit: int, as_json: bool
) -> None:
    """List alerts that last, newest first."""
    from skerry_server.config.server import load_settings  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.registry.alerts import AlertSearch, list_alerts  # noqa: PLC0415  # as above
    from skerry_server.registry.notifications import waiting_by_channel  # noqa: PLC0415  # as above
    from skerry_server.registry.opening import open_present_registry  # noqa: PLC0415  # as above

    database = open_present_registry(load_settings(config))
    try:
        with database.reading() as session:
            wanted = AlertSearch(rule=rule, device=device, limit=limit, is_open=None if everything else True)
            rows = [_alert(row) for row in list_alerts(session, wanted)]
            waiting = waiting_by_channel(session)
    finally:
        database.close()
    if as_json:
        told = {
            name: {"count": one.count, "since_ms": one.since_ms, "error": one.error} for name, one in waiting.items()
        }
        click.echo(json.dumps({"alerts": rows, "waiting": told}))
        return
    for row in rows:
        about = " / ".join(filter(None, (row["device"] or "the server", row["subject"])))
        click.echo(f"{row['id']:>6}  {row['severity']:<8}  {row['state']:<12}  {row['rule']:<18}  {about}")
        click.echo(f"        {row['detail'][:SHOWN_CHARS]}")
    for name, one in waiting.items():
        click.echo(f"{one.count} notifications wait for channel '{name}': {one.error or 'on their way'}")


@alerts.command(
    epilog="""\b
Examples:
  skerry server alerts rules
  skerry server alerts rules --config /etc/skerry/server.toml --json

\b
A rule in the configuration, of which all but name and kind may be left out:
  [[alerts.rule]]
  name = "hot-in-the-cellar"
  kind = "temperature"
  fire_at = 70
  clear_at = 65
  for_s = 300
  tags = ["room=cellar"]

\b
Exit codes:
  0  told
  2  wrong usage or configuration
  4  the configuration cannot be read
"""
)
@config_option
@json_option
def rules(*, config: Path | None, as_json: bool) -> None:
    """Show the rules that hold: the configuration's, or the default ones."""
    from skerry_server.alerts.rules import rules_of  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.config.server import load_settings  # noqa: PLC0415  # as above

    found = [_rule(rule) for rule in rules_of(load_settings(config).config.alerts)]
    if as_json:
        click.echo(json.dumps(found))
        return
    for row in found:
        limits = "when it is so"
        if row["unit"]:
            sign = "<=" if row["is_below"] else ">="
            limits = f"{sign} {row['fire_at']:g} {row['unit']}, until {row['clear_at']:g}"
            limits += "" if row["critical_at"] is None else f", critical at {row['critical_at']:g}"
        click.echo(f"{row['name']:<20} {row['severity']:<8}  {limits}; for {row['for_s']:g} s")
        click.echo(f"{'':<20} {row['what']}")


@alerts.command(
    epilog="""\b
Examples:
  skerry server alerts test
  skerry server alerts test --channel mail --json

\b
A channel in the configuration:
  [[alerts.channel]]
  name = "mail"
  url_file = "mail.secret"          # or url_env = "SKERRY_MAIL"
  severity = "warning"              # this and worse

\b
The file holds one address of Apprise (https://appriseit.com/services), such as
  mailtos://user:password@example.com?to=operator@example.com
  slack://TokenA/TokenB/TokenC/#alerts
  ntfys://ntfy.example.com/skerry
  jsons://hooks.example.com/skerry

\b
Exit codes:
  0  all channels took the notification
  1  some did not
  2  wrong usage or configuration
  3  the package 'apprise' is missing
  4  a secret's file cannot be read
"""
)
@config_option
@click.option("--channel", help="Only this channel.")
@json_option
def test(*, config: Path | None, channel: str | None, as_json: bool) -> None:
    """Send a test notification to every channel, whatever the channel wants to hear of."""
    from skerry_edge.foundation.errors import VerdictError  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.alerts.channels import open_channels  # noqa: PLC0415  # as above
    from skerry_server.config.server import load_settings  # noqa: PLC0415  # as above

    channels = open_channels(load_settings(config))
    outcomes = {one.name: _try(one) for one in _chosen(channels, channel)}
    if as_json:
        click.echo(json.dumps({name: {"ok": error is None, "error": error} for name, error in outcomes.items()}))
    else:
        for name, error in outcomes.items():
            click.echo(f"{name:<20} {error or 'took it'}")
    failed = [name for name, error in outcomes.items() if error is not None]
    if failed:
        raise VerdictError("some channels did not take a test notification", found=", ".join(failed))


def _chosen(channels: list[Channel], name: str | None) -> list[Channel]:
    from skerry_edge.foundation.errors import ConfigError  # noqa: PLC0415  # keeps `--help` fast
    from skerry_edge.foundation.nearest import suggestion  # noqa: PLC0415  # as above

    if not channels:
        raise ConfigError("no channel is configured", todo="add a table [[alerts.channel]]")
    known = [one.name for one in channels]
    if name is not None and name not in known:
        todo = suggestion(name, known, otherwise=f"there are {', '.join(known)}")
        raise ConfigError("there is no such channel", where="--channel", found=repr(name), todo=todo)
    return [one for one in channels if name in (None, one.name)]


def _try(channel: Channel) -> str | None:
    from skerry_server.errors import ChannelError  # noqa: PLC0415  # keeps `--help` fast

    try:
        channel.carrier.send(
            severity="info",
            title="[test] Skerry can reach you here",
            body=f"This is a test of the channel '{channel.name}'. Nothing is wrong.",
        )
    except ChannelError as error:
        return str(error)
    return None


def _alert(row: AlertRow) -> dict[str, Any]:
    names = (
        "id",
        "rule",
        "device",
        "subject",
        "severity",
        "state",
        "began_ms",
        "ended_ms",
        "value",
        "detail",
        "acknowledged_by",
        "acknowledged_ms",
        "notified_ms",
    )
    return {name: getattr(row, name) for name in names}


def _rule(rule: Rule) -> dict[str, Any]:
    scope = rule.scope
    limits = {name: None if rule.kind.is_switch else getattr(rule, name) for name in ("fire_at", "clear_at")}
    return {
        "name": rule.name,
        "kind": rule.kind.name,
        "what": rule.kind.what,
        "about": rule.kind.about,
        "unit": rule.kind.unit,
        "is_below": rule.kind.is_below,
        **limits,
        "critical_at": rule.critical_at,
        "for_s": rule.for_s,
        "clear_s": rule.clear_s,
        "severity": rule.severity,
        "sites": sorted(scope.sites),
        "groups": sorted(scope.groups),
        "tags": dict(scope.tags),
        "boards": sorted(scope.boards),
        "models": sorted(scope.models),
    }

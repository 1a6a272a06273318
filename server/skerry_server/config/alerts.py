"""The table `alerts`: rules, channels, and how often people are told."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Literal

from msgspec import Meta

from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.nearest import suggestion
from skerry_server.alerts.kinds import KINDS, Kind
from skerry_server.config.section import Section
from skerry_server.registry.checks import check_key

Wait = Annotated[float, Meta(ge=0, le=31 * 86_400)]
RuleName = Annotated[
    str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", description="a name of 1 to 63 of a-z, 0-9 and '-'")
]
Env = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")]
Severity = Literal["info", "warning", "critical"]


class Rule(Section, frozen=True, kw_only=True):
    """When something is wrong; what is not set is as its kind has it.

    It fires after ``for_s`` at or beyond ``fire_at`` and resolves after ``clear_s`` at or on the other side of
    ``clear_at``; from ``critical_at`` on it is critical, whatever its ``severity``. It holds for devices in one of
    ``sites``, in one of ``groups``, with one of ``boards``, that run one of ``models`` (`name` or `name@version`),
    where those are given, and that have all ``tags`` (`key` or `key=value`).
    """

    name: RuleName
    kind: str
    fire_at: float | None = None
    clear_at: float | None = None
    critical_at: float | None = None
    for_s: Wait | None = None
    clear_s: Wait | None = None
    severity: Severity | None = None
    sites: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    boards: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


class Channel(Section, frozen=True, kw_only=True):
    """Where people are told, as an address of Apprise, which is a secret: from a file or from the environment.

    Only what is of ``severity`` or worse goes there, and with ``sites`` only what is about devices in them; what is
    over is told unless ``resolved`` is false.
    """

    name: RuleName
    url_file: str | None = None
    url_env: Env | None = None
    severity: Severity = "info"
    sites: tuple[str, ...] = ()
    resolved: bool = True


class Alerts(Section, frozen=True, kw_only=True):
    """What is looked at every ``interval_s``; the default rules hold beside each ``rule`` where ``with_defaults``.

    Alerts of one rule and site gather for ``group_wait_s`` and are told together, and what joins them later at most
    every ``group_interval_s``. What still fires unacknowledged is told again after ``repeat_s``; 0 stands for never.
    """

    interval_s: Annotated[float, Meta(ge=0.1, le=3600)] = 15.0
    group_wait_s: Wait = 30.0
    group_interval_s: Wait = 300.0
    repeat_s: Wait = 14_400.0
    with_defaults: bool = True
    rule: tuple[Rule, ...] = ()
    channel: tuple[Channel, ...] = ()


def check_alerts(alerts: Alerts, *, where: str) -> None:
    """Refuse rules that cannot work and channels without one address. Raises ConfigError."""
    _refuse_doubles((one.name for one in alerts.rule), where=f"{where}, key 'alerts.rule'")
    _refuse_doubles((one.name for one in alerts.channel), where=f"{where}, key 'alerts.channel'")
    for index, rule in enumerate(alerts.rule):
        _check_rule(rule, where=f"{where}, key 'alerts.rule[{index}]' ('{rule.name}')")
    for index, channel in enumerate(alerts.channel):
        if (channel.url_file is None) == (channel.url_env is None):
            raise ConfigError(
                "a channel's address comes from a file or from the environment",
                where=f"{where}, key 'alerts.channel[{index}]' ('{channel.name}')",
                todo="set one of 'url_file' and 'url_env'",
            )


def _check_rule(rule: Rule, *, where: str) -> None:
    kind = KINDS.get(rule.kind)
    if kind is None:
        todo = suggestion(rule.kind, KINDS, otherwise=f"there are {', '.join(sorted(KINDS))}")
        raise ConfigError("there is no such kind of rule", where=where, found=repr(rule.kind), todo=todo)
    _check_thresholds(rule, kind, where=where)
    _check_scope(rule, kind, where=where)


def _check_thresholds(rule: Rule, kind: Kind, *, where: str) -> None:
    given = {name: getattr(rule, name) for name in ("fire_at", "clear_at", "critical_at")}
    for name, value in given.items():
        if value is None:
            continue
        if kind.is_switch:
            raise ConfigError("such a rule is on or off and takes no threshold", where=where, found=f"'{name}'")
        if not math.isfinite(value):
            raise ConfigError("a threshold must be a number", where=where, found=f"'{name}' = {value}")
    if kind.is_switch:
        return
    fire_at = kind.fire_at if rule.fire_at is None else rule.fire_at
    clear_at = kind.clear_at if rule.clear_at is None else rule.clear_at
    sense = -1.0 if kind.is_below else 1.0
    if sense * clear_at >= sense * fire_at:
        raise ConfigError(
            f"'clear_at' must be {'above' if kind.is_below else 'below'} 'fire_at', or the rule would fire and resolve "
            "at the same value",
            where=where,
            found=f"'fire_at' {fire_at:g}, 'clear_at' {clear_at:g}",
            todo="set both, with a gap between them",
        )
    if rule.critical_at is not None and sense * rule.critical_at < sense * fire_at:
        raise ConfigError(
            "'critical_at' must not be reached before 'fire_at'",
            where=where,
            found=f"'fire_at' {fire_at:g}, 'critical_at' {rule.critical_at:g}",
        )


def _check_scope(rule: Rule, kind: Kind, *, where: str) -> None:
    for tag in rule.tags:
        check_key(tag.partition("=")[0], where=f"{where}, key 'tags'")
    allowed = {"server": set[str](), "model": {"models"}}.get(kind.about)
    if allowed is None:
        return
    for name in ("sites", "groups", "tags", "boards", "models"):
        if getattr(rule, name) and name not in allowed:
            raise ConfigError(
                f"a rule of the kind '{kind.name}' is about {'the server' if kind.about == 'server' else 'models'} "
                "and not about devices",
                where=where,
                found=f"'{name}'",
                todo="leave it out",
            )


def _refuse_doubles(names: Iterable[str], *, where: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ConfigError("two of the same name", where=where, found=repr(name), todo="rename one of them")
        seen.add(name)

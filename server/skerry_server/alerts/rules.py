"""Rules as they are applied: the configuration's, completed by their kinds; whom they are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from skerry_edge.foundation.nearest import suggestion
from skerry_server.alerts.fleet import Watched
from skerry_server.alerts.kinds import KINDS, Kind
from skerry_server.config.alerts import Alerts
from skerry_server.config.alerts import Rule as RuleTable
from skerry_server.durations import span
from skerry_server.errors import NotFoundError
from skerry_server.registry.alerts import Severity

_SECONDS: dict[str, float] = {"s": 1.0, "h": 3600.0}
"""Units of time, in seconds: such a value is told as people say it."""
RANK: dict[str, int] = {"info": 0, "warning": 1, "critical": 2}


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Which devices a rule holds for; what is empty asks for nothing, a tag's value of None stands for any."""

    sites: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    tags: Mapping[str, str | None] = field(default_factory=dict)
    boards: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()

    @property
    def is_everything(self) -> bool:
        """Tell whether it asks for nothing."""
        return not (self.sites or self.groups or self.tags or self.boards or self.models)

    def covers(self, device: Watched) -> bool:
        """Tell whether the rule holds for ``device``."""
        return (
            (not self.sites or device.site in self.sites)
            and (not self.boards or device.board in self.boards)
            and (not self.groups or not self.groups.isdisjoint(device.groups))
            and all(key in device.tags and value in (None, device.tags[key]) for key, value in self.tags.items())
            and (not self.models or any(self.names(model) for model in device.models))
        )

    def names(self, model: str) -> bool:
        """Tell whether ``model`` ("name version") is asked for, with or without its version."""
        return not self.models or model in self.models or model.rpartition(" ")[0] in self.models


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A rule with everything that it needs; thresholds, times and severities are those of `Kind`."""

    name: str
    kind: Kind
    fire_at: float
    clear_at: float
    critical_at: float | None
    for_s: float
    clear_s: float
    severity: Severity
    scope: Scope = field(default_factory=Scope)

    def fires(self, value: float) -> bool:
        """Tell whether ``value`` is wrong."""
        return value <= self.fire_at if self.kind.is_below else value >= self.fire_at

    def clears(self, value: float) -> bool:
        """Tell whether ``value`` is well again; between both, all stays as it is."""
        return value >= self.clear_at if self.kind.is_below else value <= self.clear_at

    def severity_of(self, value: float) -> Severity:
        """Return how bad ``value``, at which the rule fires, is."""
        if self.critical_at is None:
            return self.severity
        is_critical = value <= self.critical_at if self.kind.is_below else value >= self.critical_at
        return "critical" if is_critical else self.severity

    def tell(self, value: float) -> str:
        """Return ``value`` with its meaning and its limit, in words."""
        if self.kind.is_switch:
            return self.kind.phrase
        if self.kind.unit in _SECONDS:
            unit_s = _SECONDS[self.kind.unit]
            return f"{self.kind.what}: {span(value * unit_s)} (limit {self.fire_at:g} {self.kind.unit})"
        return f"{self.kind.what}: {value:.4g} {self.kind.unit} (limit {self.fire_at:g})"


def rules_of(alerts: Alerts) -> list[Rule]:
    """Return the rules that hold; one of the configuration takes the place of the default of its name."""
    given = {table.name: _rule(table) for table in alerts.rule}
    names = [name for name, kind in KINDS.items() if kind.is_default and alerts.with_defaults]
    defaults = {name: _rule(RuleTable(name=name, kind=name)) for name in names}
    return list((defaults | given).values())


def _rule(table: RuleTable) -> Rule:
    kind = KINDS[table.kind]
    # A kind's own critical value means nothing beside another threshold.
    own_critical_at = kind.critical_at if table.fire_at is None else None
    return Rule(
        name=table.name,
        kind=kind,
        fire_at=kind.fire_at if table.fire_at is None else table.fire_at,
        clear_at=kind.clear_at if table.clear_at is None else table.clear_at,
        critical_at=own_critical_at if table.critical_at is None else table.critical_at,
        for_s=kind.for_s if table.for_s is None else table.for_s,
        clear_s=kind.clear_s if table.clear_s is None else table.clear_s,
        severity=table.severity or kind.severity,
        scope=Scope(
            sites=frozenset(table.sites),
            groups=frozenset(table.groups),
            tags={key: value if sign else None for key, sign, value in (tag.partition("=") for tag in table.tags)},
            boards=frozenset(table.boards),
            models=frozenset(model.replace("@", " ") for model in table.models),
        ),
    )


def check_rule_name(name: str | None, alerts: Alerts) -> None:
    """Refuse the name of a rule that does not hold; None is no name. Raises NotFoundError with the nearest."""
    known = [rule.name for rule in rules_of(alerts)]
    if name is not None and name not in known:
        todo = suggestion(name, known, otherwise="'skerry server alerts rules' lists them")
        raise NotFoundError("there is no such rule", where="rule", found=repr(name), todo=todo)

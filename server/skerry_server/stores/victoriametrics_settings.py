"""What a VictoriaMetrics server says of itself in ``/metrics``: its version, and the flags that matter here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from skerry_edge.foundation.errors import ConfigError
from skerry_server.errors import StoreError
from skerry_server.stores.archive import NS_PER_S

_SAMPLE = re.compile(r"^(?P<metric>\w+)\{(?P<labels>.*)\} ", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdwy]?)")
_UNITS_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400, "y": 365 * 86_400}
MONTH_S = 31 * 86_400
"""A retention without a unit is in months, of 31 days each."""
FLUSH_S = 5.0
"""How long the server holds data in memory where it has no flag for that; measured, see docs/stores.md."""
SAFETY = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The version, how long points are kept, and how long after an answer they are on disk."""

    version: str
    retention: str
    retention_ns: int
    durable_after_s: float
    removes_duplicates: bool

    def remarks(self) -> tuple[str, ...]:
        """Return what an operator should know."""
        remarks = [
            f"One retention holds for everything in it (-retentionPeriod={self.retention}), and there are no roll-ups.",
            "It keeps milliseconds: of two messages of one device in the same one, only the later is kept.",
        ]
        if not self.removes_duplicates:
            remarks.append("Start it with -dedup.minScrapeInterval=1ms, so that what is sent twice is kept once.")
        return tuple(remarks)


def read_settings(metrics: str, *, where: str) -> Settings:
    """Read the text of ``/metrics``. Raises StoreError where it is no VictoriaMetrics, ConfigError for wrong flags."""
    version, flags = None, {}
    for matched in _SAMPLE.finditer(metrics):
        labels = dict(_LABEL.findall(matched["labels"]))
        if matched["metric"] == "vm_app_version":
            version = labels.get("short_version") or labels.get("version")
        elif matched["metric"] == "flag":
            flags[labels.get("name", "")] = labels.get("value", "")
    if version is None or "retentionPeriod" not in flags:
        raise StoreError("this is no VictoriaMetrics", where=where, todo="check 'store.url'")
    separator = flags.get("influxMeasurementFieldSeparator", "_")
    if separator != "_" or flags.get("influxSkipMeasurement", "false") != "false":
        raise ConfigError(
            "VictoriaMetrics is started with other names for metrics than the ones asked for here",
            where=where,
            found=f"-influxMeasurementFieldSeparator={separator}",
            todo="leave -influxMeasurementFieldSeparator and -influxSkipMeasurement as they are by default",
        )
    flush_s = flags.get("inmemoryDataFlushInterval")
    return Settings(
        version=version,
        retention=flags["retentionPeriod"],
        retention_ns=int(duration_s(flags["retentionPeriod"], plain_unit_s=MONTH_S) * NS_PER_S),
        durable_after_s=SAFETY * (FLUSH_S if flush_s is None else duration_s(flush_s, plain_unit_s=1.0)),
        removes_duplicates=duration_s(flags.get("dedup.minScrapeInterval", "0s"), plain_unit_s=1.0) > 0,
    )


def duration_s(text: str, *, plain_unit_s: float) -> float:
    """Return a duration as the flags have it, `1`, `30d` or `1h30m`, in seconds. Raises StoreError."""
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise StoreError("VictoriaMetrics has a duration in a form that is not known", found=repr(text))
    return float(sum(float(number) * _UNITS_S.get(unit, plain_unit_s) for number, unit in parts))

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
_STARTED = re.compile(r"^process_start_time_seconds (?P<seconds>[0-9.e+]+)$", re.MULTILINE)
NAMING_FLAGS = {
    "influxMeasurementFieldSeparator": "_",
    "influxSkipMeasurement": "false",
    "influxSkipSingleField": "false",
}
"""Flags that say what a metric is called, with the values that are taken for granted here."""
_UNITS_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400, "y": 365 * 86_400}
MONTH_S = 31 * 86_400
"""A retention without a unit is in months, of 31 days each."""
FLUSH_S = 5.0
"""The server's own interval where it has no flag for it."""
BEYOND_FLUSH_S = 10.0
"""Data of 1.79 was on disk 9 s after the answer and not yet after 8.5 s; twice its interval and this is well beyond."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The version and the process's start, how long points are kept, and how long after an answer they are on disk."""

    version: str
    started_ms: int
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
    """Read the text of ``/metrics``. Raises StoreError where that does not tell enough, ConfigError for wrong flags."""
    version, flags = None, dict[str, str]()
    for matched in _SAMPLE.finditer(metrics):
        labels = dict(_LABEL.findall(matched["labels"]))
        if matched["metric"] == "vm_app_version":
            # Debian builds it without either.
            version = labels.get("short_version") or labels.get("version") or "of an unknown version"
        elif matched["metric"] == "flag":
            flags[labels.get("name", "")] = labels.get("value", "")
    if version is None or "retentionPeriod" not in flags:
        raise StoreError("this is no VictoriaMetrics", where=where, todo="check 'store.url'")
    changed = [f"-{name}={flags[name]}" for name, value in NAMING_FLAGS.items() if flags.get(name, value) != value]
    if changed:
        raise ConfigError(
            "VictoriaMetrics is started with other names for metrics than the ones asked for here",
            where=where,
            found=" ".join(changed),
            todo="leave these flags out",
        )
    started = _STARTED.search(metrics)
    if started is None:
        raise StoreError(
            "VictoriaMetrics does not say when it was started, so nobody would notice what it forgets",
            where=where,
            found="no process_start_time_seconds in /metrics",
            todo="run it on Linux, and let all of /metrics through to this server",
        )
    flush_s = flags.get("inmemoryDataFlushInterval")
    return Settings(
        version=version,
        started_ms=int(float(started["seconds"]) * 1000),
        retention=flags["retentionPeriod"],
        retention_ns=int(duration_s(flags["retentionPeriod"], plain_unit_s=MONTH_S) * NS_PER_S),
        durable_after_s=BEYOND_FLUSH_S + 2 * (FLUSH_S if flush_s is None else duration_s(flush_s, plain_unit_s=1.0)),
        removes_duplicates=duration_s(flags.get("dedup.minScrapeInterval", "0s"), plain_unit_s=1.0) > 0,
    )


def duration_s(text: str, *, plain_unit_s: float) -> float:
    """Return a duration as the flags have it, `1`, `30d` or `1h30m`, in seconds. Raises StoreError."""
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise StoreError("VictoriaMetrics has a duration in a form that is not known", found=repr(text))
    return float(sum(float(number) * _UNITS_S.get(unit, plain_unit_s) for number, unit in parts))

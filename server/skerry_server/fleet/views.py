"""Answers of the API as tables."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from rich.console import Group
from rich.table import Table

from skerry_server.fleet.tables import Row, ago, cell, facts, moment, table


def device_table(rows: Sequence[Row]) -> Table:
    """Return devices: what is wrong comes last, where there is room for words."""
    now = _now_ms()
    return table(
        {
            "DEVICE": lambda one: one["device"],
            "SITE": lambda one: one["site"],
            "STATE": lambda one: one["presence"],
            "SEEN": lambda one: ago(one["last_seen_ms"], now_ms=now),
            "TEMP": lambda one: None if one["temperature_c"] is None else f"{one['temperature_c']:.0f} C",
            "VERSION": lambda one: one["agent_version"],
            "WHY": lambda one: one["reason"],
        },
        rows,
    )


def device_facts(one: Row) -> Table:
    """Return all that matters of one device."""
    now, desired = _now_ms(), one["desired"]
    return facts(
        {
            "device": one["device"],
            "name": one["name"],
            "note": one["note"],
            "site": one["site"],
            "state": one["presence"],
            "why": one["reason"],
            "since": moment(one["since_ms"]),
            "seen": ago(one["last_seen_ms"], now_ms=now),
            "board": one["board"],
            "version": one["agent_version"],
            "models": one["models"],
            "temperature": None if one["temperature_c"] is None else f"{one['temperature_c']:.1f} C",
            "throttled": one["throttled"],
            "waiting": None if one["outbox_depth"] is None else f"{one['outbox_depth']} messages",
            "tags": one["tags"],
            "groups": one["groups"],
            "configuration": f"version {desired['version']} wanted, {desired['applied_version']} applied",
        }
    )


def event_table(rows: Sequence[Row]) -> Table:
    """Return events."""
    return table(
        {
            "TIME": lambda one: moment(one["ts_ms"]),
            "DEVICE": lambda one: one["device"],
            "KIND": lambda one: one["kind"],
            "LABEL": lambda one: one["label"],
            "SCORE": lambda one: None if one["score"] is None else f"{one['score']:.0%}",
            "WHAT": lambda one: one["message"] or (one["phase"] if one["phase"] != "instant" else None),
        },
        rows,
    )


def alert_table(rows: Sequence[Row]) -> Table:
    """Return alerts."""
    now = _now_ms()
    return table(
        {
            "ID": lambda one: one["id"],
            "STATE": lambda one: one["state"],
            "SEVERITY": lambda one: one["severity"],
            "DEVICE": lambda one: one["device"],
            "RULE": lambda one: one["rule"],
            "BEGAN": lambda one: ago(one["began_ms"], now_ms=now),
            "WHAT": lambda one: one["detail"],
        },
        rows,
    )


def silence_table(rows: Sequence[Row]) -> Table:
    """Return silences; one that names nothing is of all alerts."""
    return table(
        {
            "ID": lambda one: one["id"],
            "OF": lambda one: (
                ", ".join(f"{what} {one[what]}" for what in ("rule", "device", "group") if one[what]) or "all alerts"
            ),
            "UNTIL": lambda one: moment(one["until_ms"]),
            "BY": lambda one: one["author"],
            "WHY": lambda one: one["comment"],
        },
        rows,
    )


def command_table(rows: Sequence[Row]) -> Table:
    """Return commands."""
    now = _now_ms()
    return table(
        {
            "ORDERED": lambda one: ago(one["ts_ms"], now_ms=now),
            "DEVICE": lambda one: one["device"],
            "COMMAND": lambda one: one["name"],
            "STATE": lambda one: one["state"],
            "BY": lambda one: one["author"],
            "ANSWER": lambda one: one["message"],
        },
        rows,
    )


def audit_table(rows: Sequence[Row]) -> Table:
    """Return changes."""
    return table(
        {
            "TIME": lambda one: moment(one["ts_ms"]),
            "WHO": lambda one: one["actor"],
            # Together, since the last column is the one that is wide.
            "WHAT": lambda one: "\n".join(filter(None, (f"{one['action']} {one['subject']}".strip(), _told(one)))),
        },
        rows,
    )


def _told(one: Row) -> str:
    return cell(one["detail"]).plain if one["detail"] else ""


def group_table(rows: Sequence[Row]) -> Table:
    """Return groups."""
    return table(
        {
            "GROUP": lambda one: one["name"],
            "DEVICES": lambda one: one["devices"],
            "NOTE": lambda one: one["note"],
        },
        rows,
    )


def stage_table(rows: Sequence[Row]) -> Table:
    """Return stages."""
    now = _now_ms()
    return table(
        {
            "ID": lambda one: one["id"],
            "GROUP": lambda one: one["group"],
            "STATE": lambda one: one["state"],
            "BY": lambda one: one["author"],
            "STAGED": lambda one: ago(one["ts_ms"], now_ms=now),
            "WANTED": lambda one: one["config"] | one["models"],
        },
        rows,
    )


def stage_facts(one: Row) -> Group:
    """Return a stage: before it is applied what it would change, then what devices made of it."""
    head = f"stage {one['id']} of {one['group']}: {one['state']}, {one['devices']} devices"
    rollout = one["rollout"]
    if rollout is None:
        return Group(cell(head), effect_table(one["effects"]))
    return Group(cell(head), cell(rollout["summary"]), standing_table(rollout["devices"]))


def standing_table(rows: Sequence[Row]) -> Table:
    """Return what devices made of the versions that they got."""
    return table(
        {
            "DEVICE": lambda one: one["device"],
            "VERSION": lambda one: one["version"],
            "STATE": lambda one: one["progress"],
            "WHY": lambda one: one["reason"],
        },
        rows,
    )


def effect_table(rows: Sequence[Row]) -> Table:
    """Return what a stage would change, a line for each device."""
    return table(
        {
            "DEVICE": lambda one: one["device"],
            "HAS": lambda one: f"version {one['version']}",
            "WOULD CHANGE": lambda one: "\n".join(
                f"{change['key']}: {_value(change['before'])} -> {_value(change['after'])}" for change in one["changes"]
            ),
        },
        rows,
    )


def letter_table(rows: Sequence[Row]) -> Table:
    """Return dead letters."""
    now = _now_ms()
    return table(
        {
            "ID": lambda one: one["id"],
            "REASON": lambda one: one["reason"],
            "TIMES": lambda one: one["times"],
            "LAST": lambda one: ago(one["last_received_ms"], now_ms=now),
            "TOPIC AND DETAIL": lambda one: f"{one['topic']}\n{one['detail']}",
        },
        rows,
    )


def _value(value: object) -> str:
    return "(the device's own)" if value is None else json.dumps(value, ensure_ascii=False)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000

"""Rollouts, their plans and their devices as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from skerry_server.fleet.tables import Row, facts, moment, table


def rollout_table(rows: Sequence[Row]) -> Table:
    """Return rollouts."""
    return table(
        {
            "ID": lambda one: one["id"],
            "RELEASE": lambda one: f"{one['kind']}/{one['name']} {one['version']}",
            "STATE": lambda one: one["state"],
            "STAGE": stage_text,
            "DEVICES": lambda one: counts_text(one["devices"]),
            "WHY": lambda one: one["detail"] or one["reason"],
        },
        rows,
        wraps=("DEVICES",),
    )


def rollout_facts(one: Row) -> Table:
    """Return all that matters of one rollout."""
    approval = one["approved_by"] or ("awaited" if one["needs_approval"] else "not asked for")
    return facts(
        {
            "rollout": one["id"],
            "release": f"{one['kind']}/{one['name']} {one['version']}, counter {one['counter']}",
            "state": one["state"],
            "why": one["detail"] or one["reason"],
            "stage": stage_text(one),
            "by": f"{one['author']}, {moment(one['created_ms'])}",
            "approval": approval,
            "started": moment(one["started_ms"]),
            "ended": moment(one["ended_ms"]),
            **{f"stage {number}": counts_text(counts) for number, counts in enumerate(one["by_stage"], start=1)},
        }
    )


def failure_table(rows: Sequence[Row]) -> Table:
    """Return failures by their reason."""
    return table(
        {
            "DEVICES": lambda one: one["devices"],
            "HOW": lambda one: one["state"],
            "REASON": lambda one: one["reason"],
            "ONE OF THEM SAID": lambda one: one["detail"],
        },
        rows,
    )


def rollout_device_table(rows: Sequence[Row]) -> Table:
    """Return devices of a rollout."""
    return table(
        {
            "DEVICE": lambda one: one["device"],
            "STAGE": lambda one: one["stage"] + 1,
            "STATE": lambda one: one["state"],
            "PHASE": lambda one: one["phase"],
            "HAD": lambda one: one["from_version"],
            "TRIES": lambda one: one["attempts"],
            "WHY": lambda one: ": ".join(part for part in (one["reason"], one["detail"]) if part),
        },
        rows,
    )


def device_rollout_table(rows: Sequence[Row]) -> Table:
    """Return the rollouts that mean a device."""
    return table(
        {
            "ID": lambda one: one["rollout"],
            "RELEASE": lambda one: f"{one['kind']}/{one['name']} {one['version']}",
            "ROLLOUT": lambda one: one["rollout_state"],
            "DEVICE": lambda one: one["state"],
            "PHASE": lambda one: one["phase"],
            "HAD": lambda one: one["from_version"],
            "ORDERED": lambda one: moment(one["ordered_ms"]),
            "WHY": lambda one: ": ".join(part for part in (one["reason"], one["detail"]) if part),
        },
        rows,
    )


def story_table(rows: Sequence[Row]) -> Table:
    """Return what happened to a device, oldest first."""
    return table(
        {
            "TIME": lambda one: moment(one["ts_ms"]),
            "WHAT": lambda one: one["what"],
            "WHY": lambda one: ": ".join(part for part in (one.get("reason"), one.get("detail")) if part),
        },
        rows,
    )


def plan_table(rows: Sequence[Row]) -> Table:
    """Return who would get a release, and who not."""
    return table(
        {
            "DEVICE": lambda one: one["device"],
            "SITE": lambda one: one["site"],
            "BOARD": lambda one: one["board"],
            "HAS": lambda one: one["from_version"],
            "STAGE": lambda one: None if one["stage"] is None else one["stage"] + 1,
            "WHY NOT": lambda one: one["why_not"] or (None if one["online"] else "gets it, and is away now"),
        },
        rows,
    )


def release_table(rows: Sequence[Row]) -> Table:
    """Return releases that can be rolled out."""
    return table(
        {
            "RELEASE": lambda one: f"{one['kind']}/{one['name']}",
            "VERSION": lambda one: one["version"],
            "COUNTER": lambda one: one["counter"],
            "FILES": lambda one: {name: f"{length / 1e6:.1f} MB" for name, length in one["files"].items()},
            "BOARDS": lambda one: one["boards"],
        },
        rows,
        wraps=("FILES",),
    )


def stage_text(one: Row) -> str | None:
    """Return how far a rollout is; people count stages from 1."""
    return f"{one['stage'] + 1} of {one['stages']}" if one["stages"] else None


def counts_text(counts: Mapping[str, int]) -> str:
    """Return how many devices are in each state."""
    return ", ".join(f"{number} {state}" for state, number in sorted(counts.items()))

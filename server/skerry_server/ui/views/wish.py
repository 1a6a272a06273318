"""What a device is wanted to run against what it says it runs, with each difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from skerry_edge.contracts.messages import State
from skerry_server.registry.models import DesiredRow
from skerry_server.registry.orders.standing import Standing
from skerry_server.ui.rows import NOTHING, clock_time, model_text
from skerry_server.ui.views.groups import wish_text


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One key; ``is_same`` tells that both sides agree."""

    key: str
    wanted: str
    applied: str
    is_same: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionLine:
    """One version that was wanted."""

    version: int
    who: str
    sent: str
    what: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WishView:
    """Both sides in words, and what differs."""

    summary: str
    tone: str
    models: list[Difference]
    config: list[Difference]
    versions: list[VersionLine]


def wish_view(versions: list[DesiredRow], state: State | None, standing: Standing | None) -> WishView:
    """Return what is wanted (the newest of ``versions``, newest first) against what the device reported.

    ``standing`` is what became of the newest, None where there is none.
    """
    wanted = versions[0] if versions else None
    applied_version = state.config_version if state is not None else 0
    applied = next((row for row in versions if row.version == applied_version), None)
    summary, tone = _summary(wanted, state, standing)
    return WishView(
        summary=summary,
        tone=tone,
        models=_models(wanted, state),
        config=differences(wanted.config if wanted else {}, applied.config if applied else {}),
        versions=[_version_line(row) for row in versions],
    )


def differences(wanted: Mapping[str, Any], applied: Mapping[str, Any]) -> list[Difference]:
    """Return every key of two configurations, nested ones with dots, and whether both have the same."""
    left, right = dict(_flat(wanted)), dict(_flat(applied))
    return [
        Difference(
            key=key,
            wanted=left.get(key, NOTHING),
            applied=right.get(key, NOTHING),
            is_same=left.get(key) == right.get(key),
        )
        for key in sorted({*left, *right})
    ]


def _summary(wanted: DesiredRow | None, state: State | None, standing: Standing | None) -> tuple[str, str]:
    if wanted is None or standing is None:
        return "Nothing is wanted: the device's own file holds.", "plain"
    if standing.progress == "refused":
        return f"The device refused version {wanted.version}: {standing.reason}", "bad"
    if state is None:
        return f"Version {wanted.version} is wanted; the device has not said what it runs.", "warn"
    if state.config_version == wanted.version:
        return f"Version {wanted.version} is wanted, and applied.", "good"
    applied = f"Version {wanted.version} is wanted, version {state.config_version} is applied"
    return f"{applied}; {standing.reason}.", "warn"


def _models(wanted: DesiredRow | None, state: State | None) -> list[Difference]:
    left = dict(wanted.models) if wanted is not None else {}
    right = dict(state.models) if state is not None else {}
    return [
        Difference(
            key=pipeline,
            wanted=left.get(pipeline, NOTHING),
            applied=model_text(right.get(pipeline, NOTHING)),
            # What is not wanted is as the device's file has it.
            is_same=pipeline not in left or _same_model(left[pipeline], right.get(pipeline, "")),
        )
        for pipeline in sorted({*left, *right})
    ]


def _same_model(wanted: str, applied: str) -> bool:
    return wanted.replace("@", " ") == applied.replace("@", " ") or wanted == applied.partition(" ")[0]


def _flat(config: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for key, value in config.items():
        path = f"{above}.{key}" if above else key
        if isinstance(value, Mapping) and value:
            yield from _flat(value, path)
        else:
            yield path, msgspec.json.encode(value).decode()


def _version_line(row: DesiredRow) -> VersionLine:
    return VersionLine(
        version=row.version,
        who=f"{row.author}, {clock_time(row.ts_ms)}",
        sent=clock_time(row.published_ms) if row.published_ms is not None else "not yet",
        what=wish_text(row.config, row.models),
    )

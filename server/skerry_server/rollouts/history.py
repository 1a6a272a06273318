"""What happened to a device in a rollout, entry by entry, as its row keeps it. Pure."""

from __future__ import annotations

from typing import Any

MAX_ENTRIES = 60
"""The oldest of more make room: a device that starts again and again must not fill the registry."""


def with_entry(
    history: list[dict[str, Any]], what: str, *, ts_ms: int, reason: str | None = None, detail: str | None = None
) -> list[dict[str, Any]]:
    """Return ``history`` with one entry more: ``what`` is a state of the device or of its machine, or an act."""
    entry: dict[str, Any] = {"ts_ms": ts_ms, "what": what}
    if reason is not None:
        entry["reason"] = reason
    if detail is not None:
        entry["detail"] = detail
    return [*history, entry][-MAX_ENTRIES:]

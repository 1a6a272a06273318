"""What /healthz and /readyz say, wherever they are answered."""

from __future__ import annotations

from typing import Any

from skerry_server.health import Health


def health_report(health: Health) -> dict[str, Any]:
    """Return whether everything works, each part with what it said last, and what went through since the start."""
    counts = health.counts()
    parts: dict[str, Any] = {
        name: {"ok": one.is_ok, "detail": one.detail, "since_ms": one.since_ms} for name, one in health.parts().items()
    }
    return {
        "ok": health.is_ok(),
        **parts,
        "received": counts.received,
        "durable": counts.durable,
        "spooled": counts.spooled,
        "dead": counts.dead,
        "waiting": counts.waiting,
        "remarks": health.remarks(),
    }


def public_health_report(health: Health) -> dict[str, Any]:
    """Return the report for strangers: what works and what does not, and nothing of what it is and where."""
    report = health_report(health)
    for name, part in health.parts().items():
        report[name] = {"ok": part.is_ok, "detail": "", "since_ms": part.since_ms}
    return report | {"remarks": []}

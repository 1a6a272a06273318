"""Commands of a device and how they ended, as rows of text."""

from __future__ import annotations

from dataclasses import dataclass

from skerry_server.registry.models import CommandRow
from skerry_server.ui.rows import clock_time


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandLine:
    """One command; ``output`` is what the device sent along, by name."""

    id: str
    time: str
    name: str
    args: str
    who: str
    outcome: str
    tone: str
    message: str
    output: dict[str, str]


def command_line(row: CommandRow, *, now_ms: int) -> CommandLine:
    """Return one command."""
    outcome, tone = _outcome(row, now_ms)
    return CommandLine(
        id=row.id,
        time=clock_time(row.ts_ms),
        name=row.name,
        args=", ".join(f"{key} {value}" for key, value in row.args.items()),
        who=row.author,
        outcome=outcome,
        tone=tone,
        message=row.message or "",
        output=dict(row.output or {}),
    )


def _outcome(row: CommandRow, now_ms: int) -> tuple[str, str]:
    if row.ok is not None:
        return ("done", "good") if row.ok else ("failed", "bad")
    if row.expires_ms <= now_ms:
        return "expired without an answer", "warn"
    return ("waits for the answer", "plain") if row.sent_ms is not None else ("waits to be sent", "plain")

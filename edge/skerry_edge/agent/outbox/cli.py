"""The command `skerry agent outbox`."""

from __future__ import annotations

import json
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skerry_edge.agent.config_option import config_option, require_config

if TYPE_CHECKING:
    from skerry_edge.agent.outbox.inspection import Contents, WaitingLetter

_MAX_LINE_CHARS = 240


@click.group()
def outbox() -> None:
    """Look at what waits for the broker on this device."""


@outbox.command(
    epilog="""\
\b
Examples:
  sudo skerry agent outbox show
  skerry agent outbox show --config cam-1.toml --limit 0 --json

\b
Exit codes:
  0  shown
  2  the configuration is wrong
  4  the configuration or the outbox cannot be read
""",
)
@config_option("The agent's configuration (TOML).")
@click.option(
    "--limit",
    type=click.IntRange(0, 100_000),
    default=20,
    show_default=True,
    metavar="N",
    help="Show at most this many messages, the oldest first.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(config_file: Path | None, limit: int, as_json: bool) -> None:  # noqa: FBT001  # click passes flags so
    """Show how much waits and since when, what was dropped, and the oldest messages.

    Nothing is changed, and a running agent is not disturbed. Of what the broker has acknowledged, the last 64 messages
    may still be shown: they leave the file with a later commit. Damaged files that were set aside are named.
    """
    from skerry_edge.agent.config.checks import load_config  # noqa: PLC0415  # keeps --help fast
    from skerry_edge.agent.outbox.inspection import inspect_outbox  # noqa: PLC0415  # keeps --help fast

    config = load_config(require_config(config_file))
    contents = inspect_outbox(Path(config.state_dir), limit)
    if as_json:
        click.echo(json.dumps(_facts(contents, config.outbox.max_bytes)))
    else:
        click.echo("\n".join(_lines(contents, config.outbox.max_bytes)))


def _facts(contents: Contents, max_bytes: int) -> dict[str, object]:
    return {
        "file": str(contents.file),
        "depth": contents.depth,
        "held_bytes": contents.held_bytes,
        "max_bytes": max_bytes,
        "dropped": contents.dropped,
        "set_aside": [path.name for path in contents.set_aside],
        "set_aside_count": contents.set_aside_count,
        "letters": [
            {"ts": one.ts_ms, "topic": one.topic, "size_bytes": one.size_bytes, "message": _message(one)}
            for one in contents.letters
        ],
    }


def _lines(contents: Contents, max_bytes: int) -> list[str]:
    share = f"{contents.held_bytes / 1e6:.2f} of {max_bytes / 1e6:.2f} MB"
    lines = [f"{contents.file}: {contents.depth} messages wait ({share}), {contents.dropped} were dropped"]
    if contents.set_aside:
        names = ", ".join(path.name for path in contents.set_aside)
        lines.append(f"damaged and set aside: {contents.set_aside_count}, of which there are still {names}")
    if contents.letters:
        age_s = max(0.0, time.time() - contents.letters[0].ts_ms / 1000)
        lines.append(f"the oldest is {age_s:.0f} s old")
    lines += [_printable(f"  {_when(one.ts_ms)}  {one.topic}  {_gist(one)}") for one in contents.letters]
    if contents.letters and contents.depth > len(contents.letters):
        lines.append(f"  and {contents.depth - len(contents.letters)} more")
    return lines


def _when(ts_ms: int) -> str:
    try:
        return datetime.fromtimestamp(ts_ms / 1000, timezone.utc).isoformat(timespec="milliseconds")
    except (OverflowError, ValueError, OSError):
        return f"{ts_ms} ms"  # a clock that is off by millennia


def _message(letter: WaitingLetter) -> Any:  # noqa: ANN401  # whatever JSON the letter holds
    try:
        return None if letter.text is None else json.loads(letter.text)
    except ValueError:
        return None


def _gist(letter: WaitingLetter) -> str:
    """Say what a letter tells."""
    message = _message(letter)
    if not isinstance(message, dict):
        return f"{letter.size_bytes} bytes"
    return " ".join(str(message[key]) for key in ("pipeline", "label", "score", "message") if key in message)


def _printable(line: str) -> str:
    """Return a line that does nothing to a terminal: a damaged file may hold anything."""
    return "".join(sign if sign.isprintable() else " " for sign in line)[:_MAX_LINE_CHARS]

"""`skerry server dead-letters`: what was refused, and taking it in after all."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skerry_server.registry.cli.opening import ROW_NUMBER, config_option, json_option

if TYPE_CHECKING:
    from skerry_server.config.server import Settings
    from skerry_server.ingest.second_chance import Outcome
    from skerry_server.registry.models import DeadLetterRow

SHOWN_CHARS = 100


@click.group(name="dead-letters")
def dead_letters() -> None:
    """Look at messages that were refused, and take them in after all."""


@dead_letters.command(
    name="list",
    epilog="""\b
Examples:
  skerry server dead-letters list
  skerry server dead-letters list --reason schema --text cam-7 --limit 5
  skerry server dead-letters list --json | jq 'group_by(.reason) | map({(.[0].reason): length})'

\b
Reasons:
  topic, oversize, encoding, schema   the message is not of the contract
  identity      the device belongs to another site, or used a number twice
  cardinality   a new device, board, model or field beyond the limits in the table 'limits'
  time          no store can keep its time, and nothing tells the true one
  store         the time-series store refuses its points
  internal      handling it failed: a fault of the server, told in its log

\b
Exit codes:
  0  told
  2  wrong usage or configuration
  4  the registry does not answer
""",
)
@config_option
@click.option("--reason", help="Only those with this reason.")
@click.option("--text", help="Only those with this in their topic or detail.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many, newest first."
)
@json_option
def list_(*, config: Path | None, reason: str | None, text: str | None, limit: int, as_json: bool) -> None:
    """List dead letters, newest first."""
    from skerry_server.config.server import load_settings  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.registry.dead_letters import list_dead_letters  # noqa: PLC0415  # as above
    from skerry_server.registry.opening import open_present_registry  # noqa: PLC0415  # as above

    database = open_present_registry(load_settings(config))
    try:
        with database.reading() as session:
            rows = [_row(one) for one in list_dead_letters(session, limit=limit, reason=reason, text=text)]
    finally:
        database.close()
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        mark = " (taken in)" if row["replayed_ms"] else ""
        click.echo(f"{row['id']:>6}  {row['reason']:<12} {row['times']:>4} x  {row['topic'][:SHOWN_CHARS]}{mark}")
        click.echo(f"        {row['detail'][:SHOWN_CHARS]}")


@dead_letters.command(
    epilog="""\b
Examples:
  skerry server dead-letters show 17
  skerry server dead-letters show 17 --payload > message.json

\b
Exit codes:
  0  told
  2  wrong usage or configuration, or there is no such letter
  4  the registry does not answer
"""
)
@click.argument("number", metavar="ID", type=ROW_NUMBER)
@config_option
@click.option("--payload", is_flag=True, help="Print the payload as it came, and nothing else.")
@json_option
def show(*, number: int, config: Path | None, payload: bool, as_json: bool) -> None:
    """Show one dead letter whole."""
    from skerry_server.config.server import load_settings  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.registry.dead_letters import dead_letters_of  # noqa: PLC0415  # as above
    from skerry_server.registry.opening import open_present_registry  # noqa: PLC0415  # as above

    database = open_present_registry(load_settings(config))
    try:
        with database.reading() as session:
            (found,) = dead_letters_of(session, [number])
            row, content = _row(found), found.payload
    finally:
        database.close()
    if payload:
        sys.stdout.buffer.write(content)
    elif as_json:
        click.echo(json.dumps(row | {"payload": content.decode("utf-8", "backslashreplace")}))
    else:
        for name, value in row.items():
            click.echo(f"{name:<18} {value}")
        click.echo(content.decode("utf-8", "backslashreplace"))


@dead_letters.command(
    epilog="""\b
Examples:
  skerry server dead-letters replay 17 18
  skerry server dead-letters replay --reason schema
  skerry server dead-letters replay --all --json

Mend what was wrong first: give the server the version that knows the message, raise a limit, move the device to its
site. A letter goes the way of a message that has just come, but says nothing of whether its device is there now. It
is stored once, however often it is replayed. Letters of which only the beginning is kept cannot be replayed.
With VictoriaMetrics it takes some 20 s longer: a letter is noted as taken in when its numbers are on disk.

\b
Exit codes:
  0  all were taken in
  1  some were refused again
  2  wrong usage or configuration, or there is no such letter
  4  store or registry do not answer
"""
)
@click.argument("numbers", metavar="[ID]...", nargs=-1, type=ROW_NUMBER)
@config_option
@click.option("--reason", help="All with this reason that were not taken in yet.")
@click.option("--all", "everything", is_flag=True, help="All that were not taken in yet.")
@json_option
def replay(
    *, numbers: tuple[int, ...], config: Path | None, reason: str | None, everything: bool, as_json: bool
) -> None:
    """Take dead letters in after all."""
    from skerry_edge.foundation.errors import VerdictError  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.config.server import load_settings  # noqa: PLC0415  # as above
    from skerry_server.ingest.second_chance import check_choice  # noqa: PLC0415  # as above

    check_choice(numbers, reason=reason, everything=everything)
    outcomes = _replayed(load_settings(config), numbers, reason)
    refused = [one for one in outcomes if one.refusal is not None]
    if as_json:
        rows = [{"id": one.id, "topic": one.topic, "refusal": one.refusal} for one in outcomes]
        click.echo(json.dumps(rows))
    else:
        for one in refused:
            click.echo(f"{one.id:>6}  {one.topic[:SHOWN_CHARS]}: {one.refusal}")
        click.echo(f"{len(outcomes) - len(refused)} taken in, {len(refused)} refused again")
    if refused:
        raise VerdictError("some dead letters were refused again", found=str(len(refused)))


def _replayed(settings: Settings, numbers: Sequence[int], reason: str | None) -> list[Outcome]:
    from skerry_server.health import now_ms  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.ingest.committing import committer_of  # noqa: PLC0415  # as above
    from skerry_server.ingest.second_chance import chosen_ids, replay_letters, waiting_ids  # noqa: PLC0415  # as above
    from skerry_server.registry.cli.progress import shown_progress  # noqa: PLC0415  # as above
    from skerry_server.registry.opening import open_present_registry  # noqa: PLC0415  # as above
    from skerry_server.stores.opening import open_store  # noqa: PLC0415  # as above

    with closing(open_store(settings)) as store, closing(open_present_registry(settings)) as database:
        committer = committer_of(settings.config, store, database)
        ids = chosen_ids(database, numbers) if numbers else waiting_ids(database, reason=reason)
        with shown_progress() as tell:
            return replay_letters(database, store, committer, ids, now_ms=now_ms(), tell=tell)


def _row(row: DeadLetterRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "topic": row.topic,
        "reason": row.reason,
        "detail": row.detail,
        "times": row.times,
        "payload_bytes": row.payload_bytes,
        "kept_bytes": len(row.payload),
        "first_received_ms": row.first_received_ms,
        "last_received_ms": row.last_received_ms,
        "replayed_ms": row.replayed_ms,
    }

"""`skerry ota withdraw`, `floor` and `renew`: changes of what is signed that publish nothing new."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skerry_edge.options import NumberRange
from skerry_server.releases.cli.options import (
    MAX_DAYS,
    MIN_DAYS,
    Hands,
    json_option,
    keys_options,
    now_utc,
    opened,
    repository_option,
    skip_option,
)
from skerry_server.releases.cli.showing import installed_lines, show

if TYPE_CHECKING:
    from skerry_server.releases.amending import Amended

EXITS = """
\b
Exit codes:
  0  signed; what is said tells how far it got
  2  wrong usage, there is no such release, or the keys are not at hand
  4  something cannot be read or written
"""


@click.command(
    epilog="""\b
Examples:
  skerry ota withdraw model/doorbell 1.3.0

Takes a release with all of its files and patches from the list: no device finds it any more. Devices that run it go on
with it, until a rollout gives them another. Its counter is never given again. The files themselves stay, so that a
download under way ends as it began; none that begins later can find them.
"""
    + EXITS
)
@click.argument("subject", metavar="KIND/NAME")
@click.argument("version")
@repository_option
@keys_options
@json_option
def withdraw(
    *,
    subject: str,
    version: str,
    folder: Path,
    hands: Hands,
    as_json: bool,
) -> None:
    """Take a release back."""
    from skerry_server.releases.amending import Amendment, amend  # noqa: PLC0415  # keeps `--help` fast

    who = hands.signatory()
    amended = amend(opened(folder, hands), Amendment(withdraw=((subject, version),)), who, now_utc())
    show(amended, _lines(amended), as_json=as_json)


@click.command(
    epilog="""\b
Examples:
  skerry ota floor model/doorbell 4

Each device that sees this refuses releases of this name with a lower counter from then on and for ever, whether a
stolen server offers them or its own operator. It is meant for releases with a known weakness. A floor only rises.
"""
    + EXITS
)
@click.argument("subject", metavar="KIND/NAME")
@click.argument("counter", type=click.IntRange(1, 2**53))
@repository_option
@keys_options
@json_option
def floor(
    *,
    subject: str,
    counter: int,
    folder: Path,
    hands: Hands,
    as_json: bool,
) -> None:
    """Forbid devices all releases below a counter, for ever."""
    from skerry_server.releases.amending import Amendment, amend  # noqa: PLC0415  # keeps `--help` fast

    who = hands.signatory()
    amended = amend(opened(folder, hands), Amendment(floors={subject: counter}), who, now_utc())
    show(amended, _lines(amended), as_json=as_json)


@click.command(
    epilog="""\b
Examples:
  skerry ota renew
  skerry ota renew --days 180

Signs the same targets again before they expire. The root is renewed by `skerry ota rotate-root`, which changes nothing
else where it is told nothing else.

A repository that was restored from an older backup is behind what devices have seen; --skip-versions lets its targets
overtake, as `skerry ota refresh --skip-versions` does for the rest.
"""
    + EXITS
)
@click.option(
    "--days", "number", type=NumberRange(MIN_DAYS, MAX_DAYS), metavar="N", help="Until they expire; else as before."
)
@skip_option
@repository_option
@keys_options
@json_option
def renew(
    *,
    number: float | None,
    skip_versions: int,
    folder: Path,
    hands: Hands,
    as_json: bool,
) -> None:
    """Sign the list of targets again, to expire later."""
    from skerry_server.releases.amending import Amendment, amend  # noqa: PLC0415  # keeps `--help` fast

    who = hands.signatory()
    amended = amend(
        opened(folder, hands),
        Amendment(lasting=None if number is None else timedelta(days=number), leaving=skip_versions),
        who,
        now_utc(),
    )
    show(amended, _lines(amended), as_json=as_json)


def _lines(amended: Amended) -> Iterator[str]:
    for path in amended.withdrawn:
        yield f"gone   {path}"
    yield from installed_lines(amended.installed)

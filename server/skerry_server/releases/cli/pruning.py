"""`skerry ota prune`: old releases and files that no device needs any more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skerry_edge.options import NumberRange
from skerry_server.releases.cli.options import (
    Hands,
    json_option,
    keys_options,
    now_utc,
    opened,
    repository_option,
)
from skerry_server.releases.cli.showing import installed_lines, show

if TYPE_CHECKING:
    from skerry_server.releases.pruning import Prospect, Pruned

LEAST_KEPT = 2
"""The newest release and the one that devices go back to from it."""
MAX_KEPT = 1000
GRACE_DAYS = 7.0
MAX_GRACE_DAYS = 366.0


@click.command(
    epilog="""\b
Examples:
  skerry ota prune --keep 4 --dry-run
  skerry ota prune --keep 4
  skerry ota prune

With --keep the list of targets is signed again without old releases: of each name the N newest stay for each board and
variant, counted without those below a signed floor. With 4, patches go on being made from the three before the newest.
End rollouts of older releases first: a device that is ordered one finds it no more.

Files go a while after the last list that named them (--after), since devices may be loading them; so what --keep takes
from the list today is removed by a later prune. Lists that others have replaced go as well, roots never. Without --keep
no key is needed and nothing is signed, so it can be a weekly job on the server.

\b
Exit codes:
  0  done; what is said tells how far a new list got
  2  wrong usage, the keys are not at hand, or something waits for signatures
  4  something cannot be read, written or removed
"""
)
@click.option(
    "--keep",
    type=click.IntRange(LEAST_KEPT, MAX_KEPT),
    metavar="N",
    help="How many of the newest releases stay listed.  [default: all]",
)
@click.option(
    "--after",
    "number",
    type=NumberRange(0.0, MAX_GRACE_DAYS),
    default=GRACE_DAYS,
    show_default=True,
    metavar="DAYS",
    help="How long a file stays that is in no list any more.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would go.")
@repository_option
@keys_options
@json_option
def prune(
    *,
    keep: int | None,
    number: float,
    dry_run: bool,
    folder: Path,
    hands: Hands,
    as_json: bool,
) -> None:
    """Forget old releases, and remove files that no device needs."""
    from skerry_server.releases.pruning import Plan, foresee  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.releases.pruning import prune as prune_repository  # noqa: PLC0415  # as above
    from skerry_server.releases.signing import Signatory  # noqa: PLC0415  # as above

    repository = opened(folder, hands)
    plan = Plan(keep=keep, grace=timedelta(days=number))
    if dry_run:
        prospect = foresee(repository, plan, now_utc())
        show(prospect, _lines(prospect, "would go"), as_json=as_json)
    else:
        who = hands.signatory() if keep else Signatory((), hands.asking())
        pruned = prune_repository(repository, plan, who, now_utc())
        show(pruned, _pruned_lines(pruned), as_json=as_json)


def _lines(done: Prospect | Pruned, word: str) -> Iterator[str]:
    for path in done.delisted:
        yield f"{word} from the list: {path}"
    for path in done.removed:
        yield f"{word}: {path}"
    yield f"{word}: {len(done.delisted)} targets from the list, {len(done.removed)} files, {done.freed_bytes:,} bytes"


def _pruned_lines(pruned: Pruned) -> Iterator[str]:
    yield from _lines(pruned, "gone")
    if pruned.installed:
        yield from installed_lines(pruned.installed)

"""`skerry ota list` and `verify`: what is published, and whether it is as it should be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skerry_server.releases.cli.options import (
    FOLDER,
    KEYS,
    ONLINE,
    ONLINE_KEYS,
    json_option,
    now_utc,
    opened,
    repository_option,
    rings_in,
)
from skerry_server.releases.cli.showing import show

SHOWN_DIGITS = 8
"""As many of a key id as `rotate-root` asks for."""

if TYPE_CHECKING:
    from skerry_server.releases.listing import Listing
    from skerry_server.releases.verification import Report


@click.command(
    name="list",
    epilog="""\b
Examples:
  skerry ota list
  skerry ota list --json | jq '.releases[] | select(.counter > 3)'

Keys are shown with the beginning of their id, by which `skerry ota rotate-root` takes one that is lost, and with their
name where a keys.json here knows it.

\b
Exit codes:
  0  shown
  2  there is no repository here
  4  it cannot be read
""",
)
@repository_option
@KEYS
@ONLINE_KEYS
@json_option
def list_releases(*, folder: Path, keys: Path, online_keys: Path | None, as_json: bool) -> None:
    """Show what is published, signed by whom, until when."""
    from skerry_server.releases.listing import listing_of, waiting_of  # noqa: PLC0415  # keeps `--help` fast

    repository = opened(folder)
    listing = listing_of(repository, rings_in(keys, online_keys or keys / ONLINE))
    listing = replace(listing, waiting=waiting_of(repository))
    show(listing, _listing_lines(listing), as_json=as_json)


def _listing_lines(listing: Listing) -> Iterator[str]:
    for one in listing.releases:
        yield f"{one.subject} {one.version}  counter {one.counter}  {one.target}  {one.length:,} bytes"
        yield f"    for {', '.join(one.boards)}" + (f"; patches from {len(one.patches)} earlier" if one.patches else "")
    for subject, counter in sorted(listing.floors.items()):
        yield f"{subject}: no device takes a counter below {counter}"
    for role in listing.roles:
        keys = ", ".join(f"{role.names.get(keyid, 'unknown here')} {keyid[:SHOWN_DIGITS]}" for keyid in role.keyids)
        held = f"{role.threshold} of {len(role.keyids)} keys: {keys}"
        yield f"{role.role} {role.version}  expires {role.expires:%Y-%m-%d %H:%M} UTC  {held}"
    for waiting in listing.waiting:
        signed = f"{waiting.threshold - waiting.missing} of {waiting.threshold} signatures"
        yield f"waits: {waiting.role} {waiting.version}, {signed}; skerry ota sign, with the other keys"


@click.command(
    epilog="""\b
Examples:
  skerry ota verify ota/repository
  skerry ota verify /media/stick --partial --root /etc/skerry/root.json
  skerry ota verify --json | jq .findings

Checks what devices would check, and what they cannot see: every signature from the trusted root on, every date, every
file's length and hash, what bundles and wheels hold, that patches lead where they should, and counters. It finds its
own way from root to files, apart from what publishes. Without --root the repository's first root is taken on trust.

\b
Exit codes:
  0  nothing is wrong; warnings may be there
  1  something is wrong
  2  there is no repository here
  4  it cannot be read
"""
)
@click.argument("path", metavar="[DIR]", type=FOLDER, required=False)
@click.option(
    "--root",
    "trusted_root",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The root that devices have.",
)
@click.option("--partial", "is_partial", is_flag=True, help="Allow files to be missing, as on a stick.")
@repository_option
@json_option
def verify(*, path: Path | None, trusted_root: Path | None, is_partial: bool, folder: Path, as_json: bool) -> None:
    """Check a repository in full, apart from what made it."""
    from skerry_server.registry.cli.progress import shown_progress  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.releases.verification import Examination, verify_repository  # noqa: PLC0415  # as above

    with shown_progress() as progress:
        examination = Examination(
            now=now_utc(),
            trusted_root=trusted_root,
            is_partial=is_partial,
            checked=lambda done, total: progress("checking files", done, total),
        )
        report = verify_repository(path or folder, examination)
    show(report, _report_lines(report), as_json=as_json)
    if not report.is_sound:
        raise SystemExit(1)


def _report_lines(report: Report) -> Iterator[str]:
    for finding in report.findings:
        yield f"{finding.severity}: {finding.subject}: {finding.text}"
    versions = ", ".join(f"{role} {version}" for role, version in report.versions.items())
    verdict = "sound" if report.is_sound else "NOT sound"
    yield f"{verdict}: {versions}; {report.targets} targets checked"

"""`skerry ota publish`, `refresh` and `sign`: what brings signed metadata to clients."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skerry_edge.foundation.errors import ConfigError
from skerry_server.releases.cli.options import (
    Hands,
    json_option,
    keys_options,
    now_utc,
    opened,
    repository_option,
    skip_option,
)
from skerry_server.releases.cli.showing import installed_lines, refreshed_line, show

if TYPE_CHECKING:
    from skerry_server.releases.publishing import Published
    from skerry_server.releases.staged_changes import StagedChange


@click.command(
    epilog="""\b
Examples:
  skerry ota publish doorbell.skerry --boards raspberry-pi-4,raspberry-pi-5 --counter 3
  skerry ota publish doorbell.skerry --boards jetson-orin-nano --counter 3 --variant onnx-fp32
  skerry ota publish wheelhouse/ --boards raspberry-pi-5 --counter 12 --minimum-agent 0.1.0
  skerry ota publish skerry-signs --boards raspberry-pi-5 --counter 1

NAME is a model that Skerry ships (skerry models list). A model's bundle becomes one target for each of its variants, so
that a device loads only the one that it runs. A folder of wheels becomes one target with the Python, ABI and platform
that the wheels need; it holds one wheel of Skerry and of all that it stands on, as `pip download --only-binary=:all:
'dist/skerry-0.1.0-py3-none-any.whl[litert,wakeword]'` brings them. Wheels that a board's processor cannot run are
refused.

The counter rises with each release of the same name: a device never goes below one that it has committed. A release may
get further variants, boards or platforms later, with its own version and counter. Patches from the three releases
before are published where they are shorter than 70 % of the full file.

Without the online key the release is signed and complete, and clients see it after the server's next refresh. Where
more keys must sign than are at hand, it waits: skerry ota sign. To publish the same again changes nothing.

A warning says where a model's golden input shows nothing that it finds: devices take such a release, and can ask less
of it before the switch.

\b
Exit codes:
  0  published, or it waits for signatures
  2  wrong usage, an unknown board, a counter or version that is taken, a wrong passphrase
  4  a bundle or wheel is damaged, or something cannot be read or written
"""
)
@click.argument("subject", metavar="BUNDLE|WHEELHOUSE|NAME")
@click.option("--boards", multiple=True, required=True, metavar="ID[,ID…]", help="The boards that may take it.")
@click.option("--counter", type=click.IntRange(1, 2**53), required=True, metavar="N", help="The release counter.")
@click.option("--variant", "variants", multiple=True, metavar="NAME", help="Only this variant of a bundle.")
@click.option("--minimum-agent", metavar="VERSION", help="The oldest agent that may take it.")
@repository_option
@keys_options
@json_option
def publish(
    *,
    subject: str,
    boards: tuple[str, ...],
    counter: int,
    variants: tuple[str, ...],
    minimum_agent: str | None,
    folder: Path,
    hands: Hands,
    as_json: bool,
) -> None:
    """Sign and publish a model's bundle or an agent's wheels."""
    from skerry_server.registry.cli.progress import shown_progress  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.releases.boards import board_ids  # noqa: PLC0415  # as above
    from skerry_server.releases.choosing import offers_of  # noqa: PLC0415  # as above
    from skerry_server.releases.offers import Terms  # noqa: PLC0415  # as above
    from skerry_server.releases.publishing import publish as publish_offers  # noqa: PLC0415  # as above
    from skerry_server.releases.shipped import what_is_meant  # noqa: PLC0415  # as above

    repository = opened(folder, hands)
    path = what_is_meant(subject)
    who = hands.signatory()
    terms = Terms(counter=counter, boards=board_ids(boards), minimum_agent=minimum_agent)
    offers = offers_of(path, terms, variants)
    with shown_progress() as progress:
        published = publish_offers(
            repository, offers, who, now_utc(), patching=lambda done, total: progress("making patches", done, total)
        )
    for warning in published.warnings:
        click.echo(f"warning: {warning}", err=True)
    show(published, _published_lines(published), as_json=as_json)


def _published_lines(published: Published) -> Iterator[str]:
    for path in published.targets:
        yield f"new    {path}"
    for path in published.known:
        yield f"known  {path}"
    if not published.targets:
        yield "nothing is new"
    yield from installed_lines(published.installed)


@click.command(
    epilog="""\b
Examples:
  skerry ota refresh --online-keys /etc/skerry/online
  skerry ota refresh --skip-versions 1000

Signs a new timestamp, and a new snapshot where the present one is old or does not name the newest targets. The server
does this by itself where its configuration says where the repository is. Targets that were signed elsewhere and copied
here are published by it too, once all of their files are there.

A repository that was restored from an older backup is behind what devices have seen; --skip-versions lets it overtake.

\b
Exit codes:
  0  signed
  2  the online key is not at hand, or the clock cannot be right
  4  the newest targets are not whole, or something cannot be read or written
"""
)
@skip_option
@repository_option
@keys_options
@json_option
def refresh(
    *,
    skip_versions: int,
    folder: Path,
    hands: Hands,
    as_json: bool,
) -> None:
    """Sign snapshot and timestamp with the online key."""
    from skerry_server.releases.refreshing import refresh as refresh_metadata  # noqa: PLC0415  # keeps `--help` fast

    repository = opened(folder, hands)
    who = hands.signatory()
    with repository.locked():
        refreshed = refresh_metadata(repository, who, now_utc(), leaving=skip_versions)
    show(refreshed, iter((refreshed_line(refreshed),)), as_json=as_json)


@click.command(
    epilog="""\b
Examples:
  skerry ota sign --keys /media/bob/keys
  skerry ota sign --yes --keys /media/bob/keys

What would be signed is shown first, and asked for on a terminal. Where several keys must sign and are kept apart, the
command that made a change leaves it in staging/, signed by its own key. Whoever has another key signs it there; with
the last signature it is published.

\b
Exit codes:
  0  signed; what is said tells whether more signatures are needed
  2  nothing waits, it has been overtaken, or no key at hand is asked for
  4  something cannot be read or written
"""
)
@click.option("--yes", is_flag=True, help="Sign what waits without being asked.")
@repository_option
@keys_options
@json_option
def sign(*, yes: bool, folder: Path, hands: Hands, as_json: bool) -> None:
    """Add signatures to what waits for them."""
    from skerry_server.releases.installing import sign_staged  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.releases.staged_changes import staged_changes  # noqa: PLC0415  # as above

    repository = opened(folder, hands)
    who = hands.signatory()
    if not yes:
        _agree(staged_changes(repository))
    done = sign_staged(repository, who, now_utc())
    show({"installed": done}, (line for one in done for line in installed_lines(one)), as_json=as_json)


def _agree(changes: list[StagedChange]) -> None:
    """Show what is to be signed and have it agreed to. Raises ConfigError where nobody can be asked."""
    for change in changes:
        click.echo(change.name, err=True)
        for line in change.lines:
            click.echo(f"  {line}", err=True)
    if changes and not sys.stdin.isatty():
        raise ConfigError("there is no terminal to ask whether this is to be signed", todo="look at it; then add --yes")
    if changes:
        click.confirm("Sign this?", abort=True, err=True)

"""`skerry ota rotate-root`: other keys, other thresholds, another year."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skerry_edge.foundation.errors import ConfigError
from skerry_edge.options import NumberRange
from skerry_server.releases.cli.founding import SIGNER, remote_key
from skerry_server.releases.cli.options import (
    MAX_DAYS,
    MIN_DAYS,
    Hands,
    json_option,
    keys_options,
    now_utc,
    opened,
    repository_option,
)
from skerry_server.releases.cli.showing import installed_lines, show

if TYPE_CHECKING:
    from skerry_server.releases.rotation import Rotated


@click.command(
    epilog="""\b
Examples:
  skerry ota rotate-root
  skerry ota rotate-root --replace online-1
  skerry ota rotate-root --drop 4a1f09c2 --add root
  skerry ota rotate-root --add targets --threshold targets=2

Signs the next version of the root, which tells devices what keys there are. Told nothing, it changes nothing but the
day on which the root expires. A key is named as in its folder (root-1, targets-1, online-1), or by the first eight or
more digits of its key id where it is lost. A key that is replaced or dropped counts for nothing once a device has the
new root, whoever holds it.

New keys are made in files. One that stays in a security module or a key service is named by --signer, as at init; with
several new keys they are taken in order, those of --add first.

As many of the old root keys must sign as the old root asks for, and of the new ones as the new root does. Where some
are kept elsewhere, the new root waits for them: skerry ota sign. Whatever else a new key has to sign is signed at the
same time by old and new keys, so that devices can go on at every moment.

\b
Exit codes:
  0  published, or it waits for signatures
  2  wrong usage, there is no such key, or too few would be left
  4  something cannot be read or written
"""
)
@click.option("--replace", multiple=True, metavar="KEY", help="Make a new key in the place of this one.")
@click.option("--drop", multiple=True, metavar="KEY", help="Take this key away.")
@click.option("--add", multiple=True, metavar="ROLE", help="Make a further key: root, targets or online.")
@click.option("--threshold", "thresholds", multiple=True, metavar="ROLE=N", help="How many keys of a role must sign.")
@click.option(
    "--days", "number", type=NumberRange(MIN_DAYS, MAX_DAYS), metavar="N", help="Until it expires; else as before."
)
@click.option("--signer", "signers", type=SIGNER, multiple=True, metavar="URI PEM", help="A new key kept elsewhere.")
@click.option("--no-passphrase", is_flag=True, help="Leave new keys unencrypted.")
@repository_option
@keys_options
@json_option
def rotate_root(  # noqa: PLR0913  # one parameter for each option
    *,
    replace: tuple[str, ...],
    drop: tuple[str, ...],
    add: tuple[str, ...],
    thresholds: tuple[str, ...],
    number: float | None,
    signers: tuple[tuple[str, Path], ...],
    no_passphrase: bool,
    folder: Path,
    hands: Hands,
    as_json: bool,
) -> None:
    """Sign the next root: other keys, or a later end."""
    from skerry_server.releases.rotation import Change  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.releases.rotation import rotate_root as rotate  # noqa: PLC0415  # as above
    from skerry_server.releases.signing import Signatory  # noqa: PLC0415  # as above

    repository = opened(folder, hands)
    makes_keys = sum("online" not in name for name in (*replace, *add)) > len(signers)
    secret = hands.new_passphrase() if makes_keys and not no_passphrase else None
    custody = hands.custody(secret)
    who = Signatory((custody.offline, custody.online), hands.asking(secret))
    change = Change(
        replace=replace,
        drop=drop,
        add=add,
        thresholds=dict(_threshold(text) for text in thresholds),
        remote=tuple(remote_key(signer) for signer in signers),
        lasting=None if number is None else timedelta(days=number),
    )
    rotated = rotate(repository, custody, change, who, now_utc())
    show(rotated, _lines(rotated), as_json=as_json)


def _threshold(text: str) -> tuple[str, int]:
    role, _, number = text.partition("=")
    if not number.isascii() or not number.isdigit():
        raise ConfigError("this is no threshold", found=f"'{text}'", todo="such as: --threshold root=2")
    return role, int(number)


def _lines(rotated: Rotated) -> Iterator[str]:
    for name in rotated.made:
        yield f"made     {name}"
    for keyid in rotated.revoked:
        yield f"revoked  {keyid}"
    yield from installed_lines(rotated.installed)

"""`skerry ota init`: keys and an empty repository."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skerry_edge.foundation.errors import ConfigError
from skerry_server.releases.cli.options import (
    MAX_DAYS,
    MIN_DAYS,
    Command,
    Hands,
    json_option,
    keys_options,
    now_utc,
    repository_option,
)
from skerry_server.releases.cli.showing import refreshed_line, show

if TYPE_CHECKING:
    from skerry_server.releases.founding import Quorum
    from skerry_server.releases.remote_keys import RemoteKey

MAX_KEYS = 16
SIGNER = (str, click.Path(path_type=Path, dir_okay=False))


def count_option(name: str, what: str) -> Callable[[Command], Command]:
    """Return an option for a number of keys, 1 unless told otherwise."""
    return click.option(name, type=click.IntRange(1, MAX_KEYS), default=1, show_default=True, metavar="N", help=what)


@click.command(
    epilog="""\b
Examples:
  skerry ota init --passphrase-file ~/passphrase
  skerry ota init --root-keys 3 --root-threshold 2 --expires root=730
  skerry ota init --root-signer "hsm:2?label=ROOT-TOKEN" root.pem
  skerry ota init --root-signer "awskms:alias/skerry-root" root.pem

Makes Ed25519 keys in files and an empty repository that is signed with them. The root and targets keys belong to people
and are encrypted; move them to a machine or a stick of their own. The online key (--online-keys) belongs on the server,
which signs with it unattended: its file is not encrypted, and only its owner can read it.

The file metadata/1.root.json is what devices are given at their installation.

A key may stay in a security module or a key service: --root-signer, --targets-signer and --online-signer take its URI
as securesystemslib writes it (hsm:…, awskms:…, gcpkms:…, azurekms:…) and its public key in PEM. Where fewer such keys
are named than the role has, the rest are made in files. Each signs something meaningless before anything is made. For
hsm: keys the environment says which library speaks to the module: PYKCS11LIB.

\b
Exit codes:
  0  made
  2  wrong usage, a wrong PIN, or there are keys or a repository already
  3  a library for a signer is missing
  4  something cannot be written, or a signer does not answer
"""
)
@repository_option
@keys_options
@click.option("--no-passphrase", is_flag=True, help="Leave the keys in their files unencrypted.")
@count_option("--root-keys", "How many root keys.")
@count_option("--root-threshold", "How many must sign.")
@count_option("--targets-keys", "How many targets keys.")
@count_option("--targets-threshold", "How many must sign.")
@click.option("--root-signer", type=SIGNER, multiple=True, metavar="URI PEM", help="A root key kept elsewhere.")
@click.option("--targets-signer", type=SIGNER, multiple=True, metavar="URI PEM", help="A targets key kept elsewhere.")
@click.option("--online-signer", type=SIGNER, metavar="URI PEM", help="An online key kept elsewhere.")
@click.option(
    "--expires",
    multiple=True,
    metavar="ROLE=DAYS",
    help="How long signatures of a role last.  [default: root=365, targets=365, snapshot=14, timestamp=3]",
)
@json_option
def init(  # noqa: PLR0913  # one parameter for each option
    *,
    folder: Path,
    hands: Hands,
    no_passphrase: bool,
    root_keys: int,
    root_threshold: int,
    targets_keys: int,
    targets_threshold: int,
    root_signer: tuple[tuple[str, Path], ...],
    targets_signer: tuple[tuple[str, Path], ...],
    online_signer: tuple[str, Path] | None,
    expires: tuple[str, ...],
    as_json: bool,
) -> None:
    """Make the keys and an empty repository."""
    from skerry_server.releases.founding import Charter, found  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.releases.pins import Pins  # noqa: PLC0415  # as above
    from skerry_server.releases.repository import Repository  # noqa: PLC0415  # as above

    charter = Charter(
        root=_quorum(root_keys, root_threshold, root_signer),
        targets=_quorum(targets_keys, targets_threshold, targets_signer),
        online=remote_key(online_signer) if online_signer else None,
        lifetime_days=lifetimes(expires),
    )
    secret = hands.new_passphrase() if charter.makes_encrypted_keys() and not no_passphrase else None
    made = hands.custody(secret)
    refreshed = found(
        Repository(folder, pins=Pins((hands.keys, hands.online_keys))),
        made,
        charter,
        hands.asking(secret),
        now_utc(),
    )
    root = folder / "metadata" / "1.root.json"
    result = {
        "root": str(root),
        "repository": str(folder),
        "keys": str(hands.keys),
        "online_keys": str(hands.online_keys),
    }
    lines = (
        f"made {folder}: {refreshed_line(refreshed)}",
        f"devices are given {root}",
        f"keys of people: {hands.keys}; move them to a machine of their own, and back them up: skerry ota backup",
        f"key of the server: {hands.online_keys}",
    )
    show(result, iter(lines), as_json=as_json)


def lifetimes(expires: tuple[str, ...]) -> dict[str, float]:
    """Return how many days each role lasts: the defaults, but as `ROLE=DAYS` says. Raises ConfigError."""
    from skerry_server.releases.dates import LIFETIME_DAYS  # noqa: PLC0415  # keeps `--help` fast

    found = dict(LIFETIME_DAYS)
    for text in expires:
        role, _, number = text.partition("=")
        try:
            days = float(number)
        except ValueError:
            days = 0.0
        if role not in found or not MIN_DAYS <= days <= MAX_DAYS:
            raise ConfigError(
                "this says for no role how long it lasts", found=f"'{text}'", todo="such as: --expires root=730"
            )
        found[role] = days
    return found


def _quorum(keys: int, threshold: int, signers: tuple[tuple[str, Path], ...]) -> Quorum:
    from skerry_server.releases.founding import Quorum  # noqa: PLC0415  # keeps `--help` fast

    return Quorum(keys=keys, threshold=threshold, remote=tuple(remote_key(signer) for signer in signers))


def remote_key(signer: tuple[str, Path]) -> RemoteKey:
    """Return a key kept elsewhere, as the command line names it. Raises ReachError and DataError."""
    from skerry_server.releases.remote_keys import RemoteKey, read_public_key  # noqa: PLC0415  # keeps `--help` fast

    uri, path = signer
    return RemoteKey(uri=uri, public=read_public_key(path))

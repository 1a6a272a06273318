"""`skerry ota backup` and `restore`: keys and repository in one file, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skerry_server.releases.cli.options import Hands, json_option, keys_options, now_utc, repository_option
from skerry_server.releases.cli.showing import show

if TYPE_CHECKING:
    from skerry_server.releases.backup import Manifest, Places

ARCHIVE = click.Path(path_type=Path, dir_okay=False)
ONLY = click.option(
    "--only",
    type=click.Choice(["keys", "repository"]),
    help="Only the keys, or only the repository; else all that is there.",
)


@click.command(
    epilog="""\b
Examples:
  skerry ota backup /media/safe/skerry-ota.backup
  skerry ota backup --only keys /media/safe/skerry-keys.backup

The file is a ZIP archive with a SHA-256 of everything in it, which only its owner can read. Keys are in it as in their
files: root and targets keys encrypted, the online key not. Keep it as you keep the keys.

\b
Exit codes:
  0  saved; a file that had the name was replaced
  2  there is nothing to save, or another command is changing the repository
  4  something cannot be read or written
"""
)
@click.argument("file", type=ARCHIVE)
@ONLY
@repository_option
@keys_options
@json_option
def backup(
    *,
    file: Path,
    only: str | None,
    folder: Path,
    hands: Hands,
    as_json: bool,
) -> None:
    """Save keys and repository to FILE."""
    from skerry_server.releases.backup import bytes_of, save_backup  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.releases.repository import Repository  # noqa: PLC0415  # as above

    repository = Repository(folder)
    places = _places(only, folder, hands)
    unchanged = repository.locked() if repository.exists() and places.repository else nullcontext()
    with unchanged, _copying("saving", bytes_of(places)) as copied:
        manifest = save_backup(places, file, now_utc(), copied)
    show(_summary(manifest), _lines("saved", file, manifest), as_json=as_json)


@click.command(
    epilog="""\b
Examples:
  skerry ota restore /media/safe/skerry-ota.backup --keys /secure/keys --repository /srv/ota
  skerry ota restore --only keys /media/safe/skerry-ota.backup
  skerry ota restore /media/safe/skerry-ota.backup --root root-that-devices-have.json

Folders must be empty or not there. Every hash is compared before anything gets its name. Where the backup is older than
what devices have seen, the repository has to overtake that before they take anything from it: skerry ota renew
--skip-versions 1000, then skerry ota refresh --skip-versions 1000, and publish again what the backup does not know,
with the counters that it had. Where it is older than the root that devices have (--root tells), copy the roots that
follow from the server, a mirror or a stick into metadata/ first.

\b
Exit codes:
  0  restored
  1  restored, and what it holds is older than the root of --root
  2  a folder holds something, or the backup has no such part
  4  the backup is damaged, or something cannot be read or written
"""
)
@click.argument("file", type=ARCHIVE)
@ONLY
@click.option("--root", "trusted_root", type=ARCHIVE, metavar="FILE", help="The newest root that devices have.")
@repository_option
@keys_options
@json_option
def restore(
    *,
    file: Path,
    only: str | None,
    trusted_root: Path | None,
    folder: Path,
    hands: Hands,
    as_json: bool,
) -> None:
    """Bring keys and repository back from FILE."""
    from skerry_server.releases.backup import read_manifest, restore_backup  # noqa: PLC0415  # keeps `--help` fast

    known = _version_of(trusted_root) if trusted_root else 0
    total = sum(entry.size for entry in read_manifest(file).files.values())
    with _copying("restoring", total) as copied:
        manifest = restore_backup(file, _places(only, folder, hands), copied)
    show(_summary(manifest), _lines("restored", file, manifest), as_json=as_json)
    newest = manifest.newest_root()
    if only != "keys" and newest < known:
        click.echo(
            f"too old: its root is version {newest}, devices have {known}; copy the roots from {newest + 1} on into "
            f"{folder / 'metadata'}, from the server, a mirror or a stick",
            err=True,
        )
        raise SystemExit(1)


def _version_of(root: Path) -> int:
    from tuf.api.metadata import Root  # noqa: PLC0415  # keeps `--help` fast

    from skerry_server.releases.metadata_files import read_metadata  # noqa: PLC0415  # as above

    version: int = read_metadata(root, Root).signed.version
    return version


@contextmanager
def _copying(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Give a function that is told how many bytes have just been copied, and shows it."""
    from skerry_server.registry.cli.progress import shown_progress  # noqa: PLC0415  # keeps `--help` fast

    with shown_progress() as progress:
        done = 0

        def copied(length: int) -> None:
            nonlocal done
            done += length
            progress(what, done, total)

        yield copied


def _places(only: str | None, folder: Path, hands: Hands) -> Places:
    """Return the folders that are meant; an online key in the keys' folder is a part of that."""
    from skerry_server.releases.backup import Places  # noqa: PLC0415  # keeps `--help` fast

    is_inside = hands.online_keys.resolve().is_relative_to(hands.keys.resolve())
    return Places(
        repository=None if only == "keys" else folder,
        keys=None if only == "repository" else hands.keys,
        online_keys=None if only == "repository" or is_inside else hands.online_keys,
    )


def _summary(manifest: Manifest) -> dict[str, object]:
    total = sum(entry.size for entry in manifest.files.values())
    return {"parts": manifest.parts(), "files": len(manifest.files), "bytes": total, "made": manifest.made.isoformat()}


def _lines(done: str, file: Path, manifest: Manifest) -> Iterator[str]:
    total = sum(entry.size for entry in manifest.files.values())
    yield f"{done} {', '.join(manifest.parts())}: {len(manifest.files)} files, {total:,} bytes; {file}"

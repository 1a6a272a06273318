"""The device's TUF client as the public conformance suite calls one: `init`, `refresh`, `download`.

What the command line means is in that suite's CLIENT-CLI.md. Nothing here decides about trust: it is the agent's own
code, with the floors in `METADATA_DIR.trust/` beside the metadata, and with the system's clock believed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import ReachError, SkerryError
from skerry_edge.foundation.file_hash import file_sha256
from skerry_edge.foundation.small_file import read_small
from skerry_edge.ota.choice import Target
from skerry_edge.ota.transfer.fetching import Fetcher
from skerry_edge.ota.transfer.mirrors import WebMirror
from skerry_edge.ota.trust.clock import Clock, LocalClock
from skerry_edge.ota.trust.place import TrustPlace
from skerry_edge.ota.trust.releases import MAX_ROOT_BYTES, Repository, TrustedReleases
from skerry_edge.transfer.patience import Patience

_PATIENCE = Patience(attempts=1)
"""The suite counts requests."""
_SYSTEM_CLOCK = LocalClock(is_synchronised=lambda: True)


def main(arguments: Sequence[str] | None = None, clock: Clock = _SYSTEM_CLOCK) -> int:
    """Run one command; return 0 where it succeeded fully and 1 where any part of it failed.

    A command line that does not fit ends the process with 2, as argparse does.
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    if missing := [name for name in _NEEDS[given.command] if getattr(given, name) is None]:
        parser.error(f"{given.command} needs --{missing[0].replace('_', '-')}")
    try:
        _RUN[given.command](given, clock)
    except SkerryError as error:
        print(error.report(), file=sys.stderr)  # noqa: T201  # this is a command
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tuf-client", description=__doc__)
    parser.add_argument("--metadata-dir", type=Path, required=True, help="where trusted metadata is kept")
    parser.add_argument("--metadata-url", help="the address below which metadata lies")
    parser.add_argument("--target-name", help="the target's path in the repository")
    parser.add_argument("--target-base-url", help="the address below which targets lie")
    parser.add_argument("--target-dir", type=Path, help="where targets are put")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("init", help="trust a root").add_argument("trusted_root", type=Path)
    commands.add_parser("refresh", help="bring the metadata up to date")
    commands.add_parser("download", help="bring the metadata up to date, then one target")
    return parser


def _init(given: argparse.Namespace, _clock: Clock) -> None:
    """Trust a root, and forget what was known of the repository before."""
    try:
        root = read_small(given.trusted_root, MAX_ROOT_BYTES)
        shutil.rmtree(_folder(given), ignore_errors=True)
        _folder(given).mkdir(parents=True)
        given.metadata_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        where = str(error.filename or given.trusted_root)
        raise ReachError("cannot take the root", where=where, found=error.strerror) from error
    write_atomic(_folder(given) / "root.json", root)
    write_atomic(given.metadata_dir / "root.json", root)


def _refresh(given: argparse.Namespace, clock: Clock) -> None:
    _trusted(given, clock).refresh()


def _download(given: argparse.Namespace, clock: Clock) -> None:
    trusted = _trusted(given, clock)
    trusted.refresh()
    found = trusted.find(given.target_name)
    if found is None or found.sha256 is None:
        raise ReleaseError("not-found", "the repository has no such target", where=given.target_name)
    path = given.target_dir / quote(found.path, safe="")
    if path.is_file() and file_sha256(path) == found.sha256:
        return
    target = Target(path=found.path, location=found.location, sha256=found.sha256, length=found.length)
    incoming = given.target_dir / ".incoming"
    fetcher = Fetcher(into=incoming, mirrors=(_mirror(given),), patience=_PATIENCE, told=lambda _done, _total: None)
    fetcher.bring(target).replace(path)
    incoming.rmdir()


def _trusted(given: argparse.Namespace, clock: Clock) -> TrustedReleases:
    folder = _folder(given)
    place = TrustPlace(metadata=given.metadata_dir, floors=folder / "floors.json", counters=folder / "counters.json")
    repository = Repository(
        root=folder / "root.json", mirrors=(_mirror(given),), patience=_PATIENCE, longest_silence=None
    )
    return TrustedReleases(place, repository, clock)


def _mirror(given: argparse.Namespace) -> WebMirror:
    return WebMirror(metadata=given.metadata_url, targets=given.target_base_url or "")


def _folder(given: argparse.Namespace) -> Path:
    folder: Path = given.metadata_dir
    return folder.with_name(f"{folder.name}.trust")


_NEEDS: dict[str, tuple[str, ...]] = {
    "init": (),
    "refresh": ("metadata_url",),
    "download": ("metadata_url", "target_name", "target_base_url", "target_dir"),
}
_RUN = {"init": _init, "refresh": _refresh, "download": _download}

"""Publishes releases: their files first, then signed targets, then what the online key signs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from tuf.api.metadata import Metadata, TargetFile, Targets

from skerry_edge.contracts.release import MAX_TARGET_BYTES, decode_release, encode_release, target_path
from skerry_edge.foundation.errors import ConfigError
from skerry_server.errors import ConflictError
from skerry_server.releases.counting import check_counters
from skerry_server.releases.dates import renewed
from skerry_server.releases.installing import Installed, install_targets, refuse_while_staged
from skerry_server.releases.offers import Offer
from skerry_server.releases.patches import Patching, patches_for
from skerry_server.releases.refreshing import can_refresh, refresh
from skerry_server.releases.repository import Repository
from skerry_server.releases.signing import Signatory


@dataclass(frozen=True, kw_only=True)
class Published:
    """What came of it: the new targets by path, those that were there already, and how far they got."""

    targets: tuple[str, ...]
    known: tuple[str, ...]
    installed: Installed


def publish(
    repository: Repository,
    offers: Sequence[Offer],
    signatory: Signatory,
    now: datetime,
    *,
    patching: Patching = lambda _done, _total: None,
) -> Published:
    """Publish all ``offers`` or none of them; what is published already stays as it is.

    Whatever ends this process, clients see what they saw before or all that is new: they go by the timestamp, which is
    replaced last. Run again, it goes on where it ended. ``patching`` hears for how many of the offers patches have been
    looked for, which takes longest. Raises ConflictError where a counter or version is taken,
    ConfigError where no key signs, ReachError.
    """
    with repository.locked():
        refuse_while_staged(repository)
        current = repository.newest_targets()
        check_counters(current.signed, [offer.release for offer in offers])
        files = [(_target(offer, current.signed), offer.data) for offer in offers]
        files += patches_for(repository, current.signed, offers, patching)
        new = [(target, data) for target, data in files if current.signed.targets.get(target.path) != target]
        for target, data in new:
            repository.write_target(target, data)
            current.signed.targets[target.path] = target
        if new:
            renewed(current.signed, now)
            current.signatures.clear()
            installed = install_targets(repository, current, signatory, now)
        else:
            installed = _go_on(repository, current, signatory, now)
    paths = {target.path for target, _ in new}
    return Published(
        targets=tuple(sorted(paths)),
        known=tuple(sorted({target.path for target, _ in files} - paths)),
        installed=installed,
    )


def _go_on(repository: Repository, targets: Metadata[Targets], signatory: Signatory, now: datetime) -> Installed:
    """Let clients see targets that were signed before, where that was cut off."""
    root = repository.root().signed
    refreshed = refresh(repository, signatory, now) if can_refresh(root, signatory) else None
    return Installed(role="targets", version=targets.signed.version, refreshed=refreshed)


def _target(offer: Offer, current: Targets) -> TargetFile:
    """Return the target of an offer; one that is listed already may be for more boards now, and is for the old too."""
    release = offer.release
    if len(offer.data) > MAX_TARGET_BYTES:
        found = f"{len(offer.data)} bytes, at most {MAX_TARGET_BYTES}"
        raise ConfigError("the release is too large for devices", where=target_path(release), found=found)
    target = TargetFile.from_data(target_path(release), offer.data, ["sha256"])
    listed = current.targets.get(target.path)
    if listed is not None:
        if listed.hashes != target.hashes:
            raise ConflictError(
                "this release has been published with other contents",
                where=target.path,
                todo="give it a new version and counter: devices may have the other one",
            )
        before = decode_release(target.path, listed.custom)
        boards = tuple(dict.fromkeys((*before.boards, *release.boards)))
        release = msgspec.structs.replace(release, boards=boards)
    target.unrecognized_fields["custom"] = encode_release(release)
    return target

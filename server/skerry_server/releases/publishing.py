"""Publishes releases: their files first, then signed targets, then what the online key signs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from tuf.api.metadata import Metadata, Targets

from skerry_edge.contracts.release import decode_release
from skerry_server.errors import ConflictError
from skerry_server.releases.counting import check_counters
from skerry_server.releases.dates import renewed
from skerry_server.releases.installing import Installed, install_targets, refuse_while_staged
from skerry_server.releases.making import Made, Workshop, describe, workshop
from skerry_server.releases.offers import Offer
from skerry_server.releases.patches import Patching, patches_for
from skerry_server.releases.refreshing import can_refresh, refresh, seen_by_clients
from skerry_server.releases.repository import Repository
from skerry_server.releases.signing import Signatory


@dataclass(frozen=True, kw_only=True)
class Published:
    """What came of it: the new targets by path, those that were there already, and how far they got.

    ``warnings`` are about releases that devices take and cannot judge well.
    """

    targets: tuple[str, ...]
    known: tuple[str, ...]
    warnings: tuple[str, ...]
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
    with repository.locked(), workshop(repository) as shop:
        refuse_while_staged(repository)
        current = repository.newest_targets()
        check_counters(current.signed, [offer.release for offer in offers])
        full = [_made(offer, shop, current.signed) for offer in offers]
        files = full + patches_for(repository, current.signed, full, shop, patching)
        new = [made for made in files if current.signed.targets.get(made.target.path) != made.target]
        for made in new:
            repository.give_target(made.target, made.file)
            current.signed.targets[made.target.path] = made.target
        if new:
            renewed(current.signed, now)
            current.signatures.clear()
            installed = install_targets(repository, current, signatory, now)
        else:
            installed = _go_on(repository, current, signatory, now)
    paths = {made.target.path for made in new}
    return Published(
        targets=tuple(sorted(paths)),
        known=tuple(sorted({made.target.path for made in files} - paths)),
        warnings=tuple(dict.fromkeys(warning for offer in offers for warning in offer.warnings)),
        installed=installed,
    )


def _go_on(repository: Repository, targets: Metadata[Targets], signatory: Signatory, now: datetime) -> Installed:
    """Let clients see targets that were signed before, where that was cut off; else sign nothing."""
    refreshed = seen_by_clients(repository)
    if refreshed is None and can_refresh(repository.root().signed, signatory):
        refreshed = refresh(repository, signatory, now)
    return Installed(role="targets", version=targets.signed.version, refreshed=refreshed)


def _made(offer: Offer, shop: Workshop, current: Targets) -> Made:
    """Make the file of an offer; one that is listed already may be for more boards now, and is for the old too."""
    made = shop.make(offer.release, offer.content)
    listed = current.targets.get(made.target.path)
    if listed is not None:
        if listed.hashes != made.target.hashes:
            raise ConflictError(
                "this release has been published with other contents",
                where=made.target.path,
                todo="give it a new version and counter: devices may have the other one",
            )
        before = decode_release(made.target.path, listed.custom)
        boards = tuple(dict.fromkeys((*before.boards, *offer.release.boards)))
        describe(made.target, msgspec.structs.replace(offer.release, boards=boards))
    return made

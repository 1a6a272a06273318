"""Publishes releases: their files first, then signed targets, then what the online key signs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tuf.api.metadata import Metadata, TargetFile, Targets

from skerry_edge.contracts.release import encode_release, target_path
from skerry_server.releases.counting import check_counters
from skerry_server.releases.dates import renewed
from skerry_server.releases.offers import Offer
from skerry_server.releases.patches import patches_for
from skerry_server.releases.refreshing import Refreshed, can_refresh, refresh
from skerry_server.releases.repository import Repository
from skerry_server.releases.signing import Signatory, missing_signatures


@dataclass(frozen=True, kw_only=True)
class Published:
    """What came of it: the new targets by path, those that were there already, and how far they got.

    ``missing`` signatures keep the targets in `staging/`; without ``refreshed`` clients see them only when whoever has
    the online key refreshes.
    """

    targets: tuple[str, ...]
    known: tuple[str, ...]
    version: int
    missing: int
    refreshed: Refreshed | None


def publish(repository: Repository, offers: Sequence[Offer], signatory: Signatory, now: datetime) -> Published:
    """Publish all ``offers`` or none of them; what is published already stays as it is.

    Whatever ends this process, clients see what they saw before or all that is new: they go by the timestamp, which is
    replaced last. Run again, it goes on where it ended. Raises ConflictError where a counter or version is taken,
    ConfigError where no key signs, ReachError.
    """
    with repository.locked():
        current = repository.newest_targets()
        check_counters(current.signed, [offer.release for offer in offers])
        files = [(_target(offer), offer.data) for offer in offers]
        files += patches_for(repository, current.signed, offers)
        new = [(target, data) for target, data in files if current.signed.targets.get(target.path) != target]
        for target, data in new:
            repository.write_target(target, data)
            current.signed.targets[target.path] = target
        refreshed, missing = install_targets(repository, current, signatory, now, is_changed=bool(new))
    paths = {target.path for target, _ in new}
    return Published(
        targets=tuple(sorted(paths)),
        known=tuple(sorted({target.path for target, _ in files} - paths)),
        version=current.signed.version,
        missing=missing,
        refreshed=refreshed,
    )


def _target(offer: Offer) -> TargetFile:
    target = TargetFile.from_data(target_path(offer.release), offer.data, ["sha256"])
    target.unrecognized_fields["custom"] = encode_release(offer.release)
    return target


def install_targets(
    repository: Repository, targets: Metadata[Targets], signatory: Signatory, now: datetime, *, is_changed: bool
) -> tuple[Refreshed | None, int]:
    """Sign changed ``targets`` as the next version and let clients see them as far as the keys at hand reach.

    Returns what was refreshed, None without the online key, and the number of signatures that are missing.
    """
    root = repository.root().signed
    if is_changed:
        renewed(targets.signed, now)
        targets.signatures.clear()
        signatory.sign(targets, root)
        if missing := missing_signatures(targets, root):
            repository.stage(targets)
            return None, missing
        repository.write(targets)
    return (refresh(repository, signatory, now) if can_refresh(root, signatory) else None), 0

"""Signed metadata on its way to clients: staged until enough keys have signed it, then published in a safe order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tuf.api.metadata import Metadata, Root, Targets

from skerry_edge.foundation.errors import ConfigError, DataError
from skerry_server.errors import ConflictError
from skerry_server.releases.dates import renewed
from skerry_server.releases.metadata_files import Payload, read_metadata
from skerry_server.releases.refreshing import Refreshed, can_refresh, refresh
from skerry_server.releases.repository import Repository
from skerry_server.releases.signing import Signatory, missing_signatures


@dataclass(frozen=True, kw_only=True)
class Installed:
    """How far a role's new metadata got.

    With signatures ``missing`` it waits in `staging/`; ``absent`` are the names of keys that are known and not here.
    Without ``refreshed`` clients see new targets only when whoever has the online key refreshes.
    """

    role: str
    version: int
    missing: int = 0
    absent: tuple[str, ...] = ()
    refreshed: Refreshed | None = None


def install_targets(
    repository: Repository, targets: Metadata[Targets], signatory: Signatory, now: datetime
) -> Installed:
    """Sign targets of the next version with the keys at hand, and let clients see them as far as those reach.

    Raises ConfigError where no key at hand signs targets.
    """
    root = repository.root().signed
    absent = signatory.absent("targets", root)
    if not signatory.sign(targets, root):
        raise _no_key("targets", absent)
    version = targets.signed.version
    _refuse_behind(repository, version)
    if missing := missing_signatures(targets, root):
        repository.stage(targets)
        return Installed(role="targets", version=version, missing=missing, absent=absent)
    repository.write(targets)
    refreshed = refresh(repository, signatory, now) if can_refresh(root, signatory) else None
    remember(repository)
    return Installed(role="targets", version=version, refreshed=refreshed)


def install_root(repository: Repository, root: Metadata[Root], signatory: Signatory, now: datetime) -> Installed:
    """Sign the next root with the keys of this and the next one, and publish it when both have enough.

    Clients read the root first, and judge all else by it. So whatever the next root would refuse is signed again
    before, by old and new keys alike where they are at hand: then each client can go on at every moment between. Where
    an old key is lost or a command is cut off, clients refuse what there is, keep what they have, and go on after the
    next `refresh`. Raises ConfigError where keys of the next root are missing for what has to be signed again.
    """
    present = repository.root().signed
    _refuse_stale(root, present.version)
    absent = signatory.absent("root", present, root.signed)
    if not signatory.sign(root, present, root.signed):
        raise _no_key("root", absent)
    version = root.signed.version
    if missing := missing_signatures(root, present, root.signed):
        repository.stage(root)
        return Installed(role="root", version=version, missing=missing, absent=absent)
    if not can_refresh(root.signed, signatory):
        raise ConfigError("the online key of the next root is not at hand", todo="give its folder: --online-keys DIR")
    is_bridged = _bridge(repository, present, root.signed, signatory, now)
    refreshed = refresh(repository, signatory, now, root.signed) if is_bridged else None
    repository.write(root)
    refreshed = refreshed or refresh(repository, signatory, now)
    remember(repository)
    return Installed(role="root", version=version, refreshed=refreshed)


def _no_key(role: str, absent: tuple[str, ...]) -> ConfigError:
    found = f"not here: {', '.join(absent)}" if absent else None
    return ConfigError(f"no key of the {role} role is at hand", found=found, todo="give the folder of one: --keys DIR")


def _bridge(repository: Repository, present: Root, coming: Root, signatory: Signatory, now: datetime) -> bool:
    """See to targets that the coming root accepts; tell whether clients with either root can be served meanwhile."""
    targets = repository.newest_targets()
    if missing_signatures(targets, coming):
        renewed(targets.signed, now)
        targets.signatures.clear()
        signatory.sign(targets, present, coming)
        if missing := missing_signatures(targets, coming):
            found = f"{missing} of the next root's keys for targets too few"
            raise ConfigError("the targets cannot be signed for the next root", found=found)
        repository.write(targets)
    return not missing_signatures(targets, present) and can_refresh(present, signatory)


def sign_staged(repository: Repository, signatory: Signatory, now: datetime) -> list[Installed]:
    """Add the signatures of the keys at hand to all that waits for them, and publish what has enough.

    Raises ConfigError where nothing waits, ConflictError where what waits does not follow on what is published, and
    DataError where nobody of ours has signed it first: then whoever can write to the folder has put it there.
    """
    with repository.locked():
        repository.clear_overtaken()
        waiting = repository.staged()
        if not waiting:
            raise ConfigError("nothing waits for signatures", where=str(repository.staging))
        done = []
        for path in waiting:
            if path.name.endswith(".root.json"):
                installed = install_root(repository, _begun(repository, path, Root), signatory, now)
            else:
                targets = _begun(repository, path, Targets)
                _refuse_stale(targets, repository.newest_targets().signed.version)
                installed = install_targets(repository, targets, signatory, now)
            if not installed.missing:
                path.unlink()
            done.append(installed)
        return done


def _begun(repository: Repository, path: Path, kind: type[Payload]) -> Metadata[Payload]:
    """Return metadata that one of the role's present keys has signed already. Raises DataError."""
    metadata = read_metadata(path, kind)
    root = repository.root().signed
    if not root.get_verification_result(kind.type, metadata.signed_bytes, metadata.signatures).signed:
        raise DataError("no key of the role has signed this first", where=str(path), todo="delete it")
    return metadata


def refuse_while_staged(repository: Repository) -> None:
    """Raise ConflictError where something waits for signatures: what is signed next would be built beside it."""
    repository.clear_overtaken()
    if waiting := repository.staged():
        raise ConflictError(
            "something waits for signatures",
            where=str(waiting[0]),
            todo="sign it (skerry ota sign), or give it up by deleting the file",
        )


def remember(repository: Repository) -> None:
    """Let the keys remember the root and the targets that have been published. Raises ReachError.

    It comes last: the timestamp has to be signed for a root from the remembered one on, also after a cut in between.
    """
    if repository.pins is not None:
        repository.pins.keep(repository.root(), repository.newest_targets().signed.version)


def _refuse_behind(repository: Repository, version: int) -> None:
    """Refuse targets that build on fewer than the keys have signed: somebody took some away, or a backup is old."""
    remembered = repository.pins.targets() if repository.pins else 0
    if version <= remembered:
        raise ConflictError(
            "the repository lacks targets that these keys have signed",
            where=str(repository.metadata),
            found=f"the next version would be {version}, they have signed {remembered}",
            todo="restore a newer backup, or, where there is none, overtake: skerry ota renew --skip-versions 1000",
        )


def _refuse_stale(metadata: Metadata[Payload], present: int) -> None:
    if metadata.signed.version != present + 1:
        raise ConflictError(
            f"the {metadata.signed.type} metadata has been overtaken",
            found=f"version {metadata.signed.version}, where {present} is published",
            todo="make the change again",
        )

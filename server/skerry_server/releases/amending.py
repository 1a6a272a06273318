"""Changes of the list of targets that publish nothing: releases taken back, floors raised, another year to live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
from tuf.api.metadata import Targets

from skerry_edge.contracts.release import CUSTOM, Floors, decode_floors, decode_release
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.nearest import suggestion
from skerry_server.errors import ConflictError
from skerry_server.releases.counting import highest_counter, releases
from skerry_server.releases.dates import renewed
from skerry_server.releases.installing import Installed, install_targets, refuse_while_staged
from skerry_server.releases.repository import Repository
from skerry_server.releases.signing import Signatory


@dataclass(frozen=True, kw_only=True)
class Amendment:
    """What changes: ``withdraw`` are subjects with their version, as `model/doorbell 1.2.0`; ``floors`` by subject.

    Nothing at all means: the same targets, to expire later. ``leaving`` versions are left out.
    """

    withdraw: tuple[tuple[str, str], ...] = ()
    floors: Mapping[str, int] = field(default_factory=dict)
    lasting: timedelta | None = None
    leaving: int = 0


@dataclass(frozen=True, kw_only=True)
class Amended:
    """The targets that are listed no more, and how far the new list got."""

    withdrawn: tuple[str, ...]
    installed: Installed


def amend(repository: Repository, amendment: Amendment, signatory: Signatory, now: datetime) -> Amended:
    """Publish the list of targets with an amendment; files of withdrawn targets stay for whoever loads them now.

    Raises ConfigError where nothing is named so, ConflictError where a floor would sink or something waits for
    signatures, ReachError.
    """
    with repository.locked():
        refuse_while_staged(repository)
        metadata = repository.newest_targets()
        targets = metadata.signed
        withdrawn = [path for subject, version in amendment.withdraw for path in _withdraw(targets, subject, version)]
        for subject, floor in amendment.floors.items():
            _raise_floor(targets, subject, floor)
        targets.version += amendment.leaving
        renewed(targets, now, lasting=amendment.lasting)
        metadata.signatures.clear()
        return Amended(
            withdrawn=tuple(sorted(withdrawn)), installed=install_targets(repository, metadata, signatory, now)
        )


def _withdraw(targets: Targets, subject: str, version: str) -> list[str]:
    """Take a release from the list, and keep its counter from being given again."""
    highest = highest_counter(targets, subject)
    paths = [
        path
        for path, target in targets.targets.items()
        if (one := decode_release(path, target.custom)).subject == subject and one.version == version
    ]
    if not paths:
        known = sorted({f"{one.subject} {one.version}" for one in releases(targets)})
        todo = suggestion(f"{subject} {version}", known, otherwise="skerry ota list shows what there is")
        raise ConfigError("there is no such release", found=f"{subject} {version}", todo=todo)
    for path in paths:
        del targets.targets[path]
    floors = decode_floors(targets.unrecognized_fields)
    _keep(targets, msgspec.structs.replace(floors, withdrawn={**floors.withdrawn, subject: highest}))
    return paths


def _raise_floor(targets: Targets, subject: str, floor: int) -> None:
    floors = decode_floors(targets.unrecognized_fields)
    present = floors.counters.get(subject, 0)
    if floor < present:
        raise ConflictError("a floor never sinks: devices keep it", where=subject, found=f"{floor}, it is {present}")
    if floor > (highest := highest_counter(targets, subject)):
        raise ConfigError(
            "nothing published reaches this floor", where=subject, found=f"{floor}, the highest is {highest}"
        )
    _keep(targets, msgspec.structs.replace(floors, counters={**floors.counters, subject: floor}))


def _keep(targets: Targets, floors: Floors) -> None:
    targets.unrecognized_fields[CUSTOM] = msgspec.to_builtins(floors)
    decode_floors(targets.unrecognized_fields)

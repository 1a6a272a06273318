"""Every file that targets name: there, whole, where it belongs, and what its custom metadata says of it."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tuf.api.exceptions import LengthOrHashMismatchError
from tuf.api.metadata import TargetFile, Targets

from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.contracts.manifest import artifacts
from skerry_edge.contracts.release import Release, decode_floors, decode_release, full_path
from skerry_edge.foundation.errors import SkerryError
from skerry_server.releases.boards import misfit
from skerry_server.releases.patches import apply_patch
from skerry_server.releases.repository import Repository
from skerry_server.releases.wheelhouse import check_wheel_tar

Checked = Callable[[int, int], object]
"""Hears how many of how many bytes have been checked."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that a check found about a role, a metadata file or a target."""

    severity: Literal["error", "warning"]
    subject: str
    text: str


def check_targets(repository: Repository, targets: Targets, checked: Checked, *, is_partial: bool) -> Iterator[Finding]:
    """Yield what is wrong with targets and their files."""
    listed: dict[str, Release] = {}
    done, total = 0, sum(target.length for target in targets.targets.values())
    for path, target in sorted(targets.targets.items()):
        try:
            listed[path] = decode_release(path, target.custom)
            if text := misfit(listed[path]):
                yield Finding(severity="warning", subject=path, text=f"{text}; devices refuse it")
            _check_file(repository, targets, target, listed[path], is_partial=is_partial)
        except SkerryError as error:
            yield _error(path, str(error))
        done += target.length
        checked(done, total)
    yield from _counters(targets, listed)


def _error(subject: str, text: str) -> Finding:
    return Finding(severity="error", subject=subject, text=text)


def _check_file(
    repository: Repository, targets: Targets, target: TargetFile, release: Release, *, is_partial: bool
) -> None:
    """Check one target's file and what is in it. Raises SkerryError."""
    path = repository.target_file(target)
    if is_partial and not path.exists():
        return
    _compare(path, target)
    if release.patch is not None:
        _check_patch(repository, targets, path, release)
    elif release.kind == "model":
        _check_bundle(path, release)
    else:
        check_wheel_tar(path, release)


def _compare(path: Path, target: TargetFile) -> None:
    size = 0
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            target.verify_length_and_hashes(file)
    except LengthOrHashMismatchError as error:
        what = "the file is not the one that was signed"
        found = f"{size} bytes, not {target.length}" if size != target.length else f"other bytes, {size} of them"
        raise ReleaseError("hash", what, where=str(path), found=found) from error
    except OSError as error:
        raise ReleaseError("not-found", "the file cannot be read", where=str(path), found=error.strerror) from error


def _check_patch(repository: Repository, targets: Targets, path: Path, release: Release) -> None:
    """Check that a patch leads to the full file of its release, from a file of the repository where that is there."""
    patch, full = release.patch, targets.targets.get(full_path(release))
    if patch is None or full is None or full.hashes["sha256"] != patch.to_sha256 or full.length != patch.to_length:
        raise ReleaseError("patch", "the patch does not lead to its release's full file", found=full_path(release))
    for target in targets.targets.values():
        old = repository.target_file(target)
        if target.hashes["sha256"] == patch.from_sha256 and old.is_file():
            made = apply_patch(old.read_bytes(), path.read_bytes(), patch.to_length)
            if hashlib.sha256(made).hexdigest() != patch.to_sha256:
                raise ReleaseError("patch", "the patch makes another file than it says", where=path.name)


def _check_bundle(path: Path, release: Release) -> None:
    bundle = Bundle.open(path)
    manifest = bundle.manifest
    found = (manifest.name, manifest.version, tuple(manifest.variants))
    if found != (release.name, release.version, (release.variant,)):
        raise ReleaseError("mismatch", "the bundle is not the release that it is listed as", found=str(found))
    if strays := bundle.strays():
        raise ReleaseError("archive", "the bundle holds a file that its manifest does not name", found=strays[0])
    with Path(os.devnull).open("wb") as nowhere:
        for one in artifacts(manifest):
            bundle.copy(one, nowhere)


def _counters(targets: Targets, listed: dict[str, Release]) -> Iterator[Finding]:
    """Yield what is wrong between the releases: a counter has one version and the other way round."""
    versions: dict[tuple[str, int], set[str]] = defaultdict(set)
    counters: dict[tuple[str, str], set[int]] = defaultdict(set)
    for release in listed.values():
        versions[release.subject, release.counter].add(release.version)
        counters[release.subject, release.version].add(release.counter)
    for (subject, counter), several in versions.items():
        if len(several) > 1:
            yield _error(subject, f"counter {counter} belongs to several versions: {', '.join(sorted(several))}")
    for (subject, version), some in counters.items():
        if len(some) > 1:
            yield _error(subject, f"version {version} has several counters: {', '.join(map(str, sorted(some)))}")
    try:
        floors = decode_floors(targets.unrecognized_fields).counters
    except ReleaseError as error:
        yield _error("targets", str(error))
        return
    for subject, floor in floors.items():
        barred = sorted({one.version for one in listed.values() if one.subject == subject and one.counter < floor})
        if barred:
            text = f"no device takes what is below the floor {floor}: {', '.join(barred)}"
            yield Finding(severity="warning", subject=subject, text=text)

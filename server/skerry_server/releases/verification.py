"""A full check of a repository, as a device and an auditor would make it, apart from the code that publishes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from tuf.api.exceptions import LengthOrHashMismatchError, UnsignedMetadataError
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, Targets, Timestamp

from skerry_edge.foundation.errors import SkerryError
from skerry_server.releases.dates import WARN_DAYS
from skerry_server.releases.key_material import material
from skerry_server.releases.metadata_files import Payload, file_name, read_bounded, read_metadata
from skerry_server.releases.repository import Repository
from skerry_server.releases.target_checks import Checked, Finding, check_targets


@dataclass
class Report:
    """What a check found, in the order in which a device would meet it; ``versions`` by role, ``targets`` checked."""

    findings: list[Finding] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    targets: int = 0

    @property
    def is_sound(self) -> bool:
        """Tell whether nothing is wrong; warnings may be there."""
        return all(finding.severity != "error" for finding in self.findings)

    def add(self, severity: Literal["error", "warning"], subject: str, text: str) -> None:
        """Note something about a file or a role."""
        self.findings.append(Finding(severity=severity, subject=subject, text=text))


@dataclass(frozen=True, kw_only=True)
class Examination:
    """What is checked and against what.

    ``trusted_root`` is a root from elsewhere, as devices have it; without one the repository's first is taken on trust.
    ``is_partial`` allows target files to be missing, as on a stick; ``checked`` hears how far it got.
    """

    now: datetime
    trusted_root: Path | None = None
    is_partial: bool = False
    checked: Checked = lambda _done, _total: None


def verify_repository(path: Path, examination: Examination) -> Report:
    """Check every signature, version, date and file from the trusted root on; return all that was found.

    Raises ConfigError where there is no repository, ReachError where it or the trusted root cannot be read, and
    DataError where that is no root.
    """
    repository = Repository(path)
    repository.require()
    report = Report()
    try:
        root = _roots(repository, examination, report)
        timestamp = _role(repository, root, Timestamp, None, report)
        snapshot = _role(repository, root, Snapshot, timestamp.signed.snapshot_meta, report)
        targets = _role(repository, root, Targets, snapshot.signed.meta["targets.json"], report)
    except _BrokenChainError:
        return report
    for metadata in (root, timestamp, snapshot, targets):
        _dates(metadata.signed, examination.now, report)
    _overhang(repository, report)
    for finding in check_targets(repository, targets.signed, examination.checked, is_partial=examination.is_partial):
        report.findings.append(finding)
    report.targets = len(targets.signed.targets)
    return report


class _BrokenChainError(Exception):
    """Nothing further on can be judged; the report says why."""


def _roots(repository: Repository, examination: Examination, report: Report) -> Metadata[Root]:
    """Follow the roots from the trusted one to the newest, each signed by itself and the one before."""
    path = examination.trusted_root or repository.metadata / file_name("root", 1)
    root = read_metadata(path, Root) if examination.trusted_root else _read(path, Root, report)
    _signed(root, root, str(path), report)
    _distinct(root.signed, path.name, report)
    versions = repository.versions("root")
    for version in range(root.signed.version + 1, versions[-1] + 1):
        path = repository.metadata / file_name("root", version)
        following = _read(path, Root, report)
        _signed(root, following, path.name, report)
        _signed(following, following, path.name, report)
        if following.signed.version != version:
            _break(report, path.name, f"says of itself that it is version {following.signed.version}")
        root = following
        _distinct(root.signed, path.name, report)
    if versions[-1] < root.signed.version:
        _break(report, "root", f"the trusted root is version {root.signed.version}, the newest here {versions[-1]}")
    report.versions["root"] = root.signed.version
    return root


def _distinct(root: Root, name: str, report: Report) -> None:
    """Refuse one key under several ids: whoever has it would count as several. TUF itself does not ask for this."""
    if len({material(key) for key in root.keys.values()}) < len(root.keys):
        _break(report, name, "one key has several ids, so its holder would count as several")


def _role(
    repository: Repository, root: Metadata[Root], kind: type[Payload], meta: MetaFile | None, report: Report
) -> Metadata[Payload]:
    """Read a role's metadata, which the one above names by ``meta``, and check it against both."""
    name = file_name(kind.type, meta.version if meta else None)
    metadata = _read(repository.metadata / name, kind, report)
    _signed(root, metadata, name, report)
    if meta is not None:
        try:
            meta.verify_length_and_hashes(read_bounded(repository.metadata / name))
        except LengthOrHashMismatchError as error:
            _break(report, name, str(error))
        if metadata.signed.version != meta.version:
            _break(report, name, f"says of itself that it is version {metadata.signed.version}")
    report.versions[kind.type] = metadata.signed.version
    return metadata


def _read(path: Path, kind: type[Payload], report: Report) -> Metadata[Payload]:
    try:
        return read_metadata(path, kind)
    except SkerryError as error:
        report.add("error", path.name, str(error))
        raise _BrokenChainError from error


def _signed(root: Metadata[Root], metadata: Metadata[Payload], name: str, report: Report) -> None:
    signed = metadata.signed
    try:
        root.signed.verify_delegate(signed.type, metadata.signed_bytes, metadata.signatures)
    except UnsignedMetadataError as error:
        _break(report, name, f"{error} (root {root.signed.version})")


def _break(report: Report, subject: str, text: str) -> None:
    report.add("error", subject, text)
    raise _BrokenChainError


def _dates(signed: Root | Timestamp | Snapshot | Targets, now: datetime, report: Report) -> None:
    """Report what has expired, and what people must sign again soon."""
    if now >= signed.expires:
        report.add("error", signed.type, f"expired on {signed.expires:%Y-%m-%d}")
    elif signed.type in ("root", "targets") and now > signed.expires - timedelta(days=WARN_DAYS):
        report.add("warning", signed.type, f"expires on {signed.expires:%Y-%m-%d}; sign it again before")


def _overhang(repository: Repository, report: Report) -> None:
    """Report metadata above what clients see, and what waits for signatures."""
    for role in ("targets", "snapshot"):
        above = [version for version in repository.versions(role) if version > report.versions[role]]
        if above:
            report.add("warning", role, f"version {above[-1]} is not seen by clients yet; skerry ota refresh")
    for role in ("root", "targets"):
        for version in repository.versions(role, folder=repository.staging):
            report.add("warning", role, f"version {version} waits for signatures; skerry ota sign")

"""The rebuild: a bundle's source and data found and opened again, its variants made again, all of it compared."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from skerry_converters.calibration.manifest import CalibrationRecord
from skerry_converters.conversion.bundling import assemble
from skerry_converters.conversion.identity import Identity
from skerry_converters.conversion.making import Made, Maker
from skerry_converters.conversion.progress import Progress
from skerry_converters.conversion.rebuilding.comparison import Comparison, compare_files, compare_tools
from skerry_converters.conversion.rebuilding.finding import find_files
from skerry_converters.conversion.rebuilding.inputs import (
    InputsNotFoundError,
    Needed,
    calibration_files,
    source_files,
)
from skerry_converters.conversion.rebuilding.recorded import (
    recorded_calibration,
    recorded_golden,
    recorded_recipes,
    recorded_targets,
)
from skerry_converters.conversion.rebuilding.reopening import put_in_place, reopen_data, reopen_source
from skerry_converters.families.base import Target
from skerry_converters.families.registry import Choice, prepare
from skerry_converters.gates.processor import processor_name
from skerry_converters.sources.base import SourceFacts
from skerry_edge.backends.native_output import held_stderr
from skerry_edge.contracts.bundle import GATES, MANIFEST, Bundle
from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import Manifest, artifacts, encode_manifest
from skerry_edge.foundation.errors import DataError, MissingError, SkerryError, VerdictError


@dataclass(frozen=True, kw_only=True, slots=True)
class RebuildOrder:
    """An intact bundle, and the folders in which its source files and what it was calibrated with are looked for."""

    bundle: Bundle
    source_root: Path
    data_root: Path


def rebuild(order: RebuildOrder, progress: Progress) -> Comparison:
    """Make a bundle again from what it records, in a temporary folder, and compare all of it but what gates measured.

    Raises InputsNotFoundError for files that are not there or were changed, ConfigError for a bundle that records too
    little or a variant that is no target, MissingError for tools that are not installed, what opening raises, and the
    tool's own error where nothing at all can be made.
    """
    bundle, manifest = order.bundle, order.bundle.manifest
    targets = recorded_targets(manifest, where=str(bundle.path))
    progress.expect(4 + len(targets))
    with tempfile.TemporaryDirectory() as name:
        maker = _maker(order, targets, Path(name), progress)
        making = _Making(maker, progress)
        made = making.all(targets)
        progress.step("comparing")
        identity = Identity(name=manifest.name, version=manifest.version, license=manifest.license)
        calibration = maker.calibration.manifest() if maker.calibration else None
        with held_stderr():
            now, files = assemble(maker.source.facts, identity, made, calibration, recorded_golden(bundle))
    return Comparison(
        files=compare_files(_hashes_then(bundle), _hashes_now(now, files)),
        tools=compare_tools(manifest, now),
        not_made={name: str(error) for name, error in making.errors.items()},
        processor_then=_processor_then(bundle),
        processor_now=processor_name(),
    )


def _maker(order: RebuildOrder, targets: Sequence[Target], folder: Path, progress: Progress) -> Maker:
    """Find the files, put them into ``folder``, and open them as they were opened when the bundle was made."""
    manifest, where = order.bundle.manifest, str(order.bundle.path)
    recipes = recorded_recipes(manifest, where=where)
    record = recorded_calibration(order.bundle)
    progress.step("looking for the files")
    put_in_place(_found(order, record, progress), folder)
    progress.step("reading the network")
    source = reopen_source(manifest, folder, where=where)
    _require_tools(targets, source.facts, progress)
    progress.step("reading the data")
    data = None
    if record is not None:
        data = reopen_data(record, source.facts, folder, where=where, progress=progress.part)
    return Maker(source=source, calibration=data, folder=folder, progress=progress, goals=recipes)


class _Making:
    """Makes one target after the other, and keeps why one could not be made."""

    def __init__(self, maker: Maker, progress: Progress) -> None:
        self._maker = maker
        self._progress = progress
        self.errors: dict[str, SkerryError] = {}

    def all(self, targets: Sequence[Target]) -> list[Made]:
        """Return those that could be made. Raises the first one's error where none could."""
        made = [one for one in map(self._attempt, targets) if one is not None]
        if not made:
            raise next(iter(self.errors.values()))
        return made

    def _attempt(self, target: Target) -> Made | None:
        self._progress.step(f"making {target.name}")
        try:
            return self._maker.make(target)
        except (DataError, VerdictError) as error:
            self.errors[target.name] = error
            return None


def _found(order: RebuildOrder, record: CalibrationRecord | None, progress: Progress) -> Mapping[Needed, Path]:
    where = str(order.bundle.path)
    source = source_files(order.bundle.manifest.source, where=where)
    data = calibration_files(record, where=where) if record is not None else ()
    searches: list[tuple[Sequence[Needed], Path]] = [((*source, *data), order.source_root)]
    if order.data_root != order.source_root:
        searches = [(source, order.source_root), (data, order.data_root)]
    found = [find_files(needed, root, progress.part) for needed, root in searches]
    missing = [one for part in found for one in part.missing]
    if missing:
        raise InputsNotFoundError(missing, len(source) + len(data))
    return {needed: path for part in found for needed, path in part.paths.items()}


def _require_tools(targets: Sequence[Target], facts: SourceFacts, progress: Progress) -> None:
    """Raise MissingError naming each target that this machine cannot make, before any is made."""
    reasons = {target.name: target.unavailable_reason(facts) for target in targets}
    lacking = [f"{name}: {reason}" for name, reason in reasons.items() if reason]
    if lacking:
        raise MissingError("not all variants of the bundle can be made here", found="; ".join(lacking))
    prepare(Choice(targets=tuple(targets), left_out={}), facts, progress.note)


def _hashes_then(bundle: Bundle) -> dict[str, str]:
    listed = {one.file: one.sha256 for one in artifacts(bundle.manifest)}
    return {MANIFEST: _sha256(bundle.read_unlisted(MANIFEST)), **listed}


def _hashes_now(manifest: Manifest, files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: _sha256(data) for name, data in {MANIFEST: encode_manifest(manifest), **files}.items()}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class _Report(msgspec.Struct):
    processor: str


class _Gates(msgspec.Struct):
    reports: tuple[_Report, ...]


def _processor_then(bundle: Bundle) -> str | None:
    """Return the processor that the gates measured on; None where `gates.json` is absent or does not say it."""
    try:
        reports = msgspec.json.decode(bundle.read_unlisted(GATES), type=_Gates).reports
    except (BundleError, msgspec.DecodeError):
        return None
    return reports[0].processor if reports else None

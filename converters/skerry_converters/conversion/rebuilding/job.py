"""The rebuild: a bundle's source and data found and opened again, its variants made again, all of it compared."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from skerry_converters.accuracy.recipe import Goal, Recipe
from skerry_converters.calibration.manifest import CalibrationRecord, decode_record
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
from skerry_converters.conversion.rebuilding.reopening import put_in_place, reopen_data, reopen_source
from skerry_converters.families.base import Target
from skerry_converters.families.registry import TARGETS, Choice, prepare
from skerry_converters.gates.processor import processor_name
from skerry_converters.sources.base import SourceFacts
from skerry_edge.backends.native_output import held_stderr
from skerry_edge.contracts.bundle import GATES, MANIFEST, Bundle
from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import Manifest, artifacts, encode_manifest
from skerry_edge.foundation.errors import ConfigError, DataError, MissingError, VerdictError


@dataclass(frozen=True, kw_only=True, slots=True)
class RebuildOrder:
    """An intact bundle, and the folders in which its source files and what it was calibrated with are looked for."""

    bundle: Bundle
    source_root: Path
    data_root: Path


def rebuild(order: RebuildOrder, progress: Progress) -> Comparison:
    """Make a bundle again from what it records, in a temporary folder, and compare all of it but what gates measured.

    Raises InputsNotFoundError for files that are not there or were changed, ConfigError for a bundle that records too
    little or a variant that is no target, MissingError for tools that are not installed, and what opening raises.
    """
    bundle, manifest = order.bundle, order.bundle.manifest
    targets = _targets(manifest, str(bundle.path))
    record = _record(bundle)
    progress.expect(4 + len(targets))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        progress.step("looking for the files")
        put_in_place(_found(order, record, progress), folder)
        progress.step("reading the network")
        source = reopen_source(manifest, folder, where=str(bundle.path))
        _require_tools(targets, source.facts, progress)
        progress.step("reading the data")
        data = None
        if record is not None:
            data = reopen_data(record, source.facts, folder, where=str(bundle.path), progress=progress.part)
        maker = Maker(source=source, calibration=data, folder=folder, progress=progress, goals=_recipes(manifest))
        making = _Making(maker, progress)
        made = [one for one in map(making.attempt, targets) if one is not None]
        progress.step("comparing")
        identity = Identity(name=manifest.name, version=manifest.version, license=manifest.license)
        with held_stderr():
            now, files = assemble(source.facts, identity, made, data.manifest() if data else None)
    return Comparison(
        files=compare_files(_hashes_then(bundle), _hashes_now(now, files)),
        tools=compare_tools(manifest, now),
        not_made=making.not_made,
        processor_then=_processor_then(bundle),
        processor_now=processor_name(),
    )


class _Making:
    """Makes one target after the other, and keeps why one could not be made."""

    def __init__(self, maker: Maker, progress: Progress) -> None:
        self._maker = maker
        self._progress = progress
        self.not_made: dict[str, str] = {}

    def attempt(self, target: Target) -> Made | None:
        self._progress.step(f"making {target.name}")
        try:
            return self._maker.make(target)
        except (DataError, VerdictError) as error:
            self.not_made[target.name] = str(error)
            return None


def _targets(manifest: Manifest, where: str) -> tuple[Target, ...]:
    unknown = [name for name in manifest.variants if name not in TARGETS]
    if unknown:
        raise ConfigError(
            "the bundle has variants that this version cannot make",
            where=where,
            found=", ".join(unknown),
            todo=f"known: {', '.join(TARGETS)}",
        )
    # As in the registry, so that the order in which a manifest was written plays no part.
    return tuple(target for name, target in TARGETS.items() if name in manifest.variants)


def _recipes(manifest: Manifest) -> dict[str, Goal]:
    """Return the recipes that a search chose, by variant: it had a budget, and another one might choose otherwise."""
    return {name: msgspec.convert(one.recipe, Recipe) for name, one in manifest.variants.items() if one.recipe}


def _record(bundle: Bundle) -> CalibrationRecord | None:
    listed = bundle.manifest.calibration
    if listed is not None:
        return decode_record(bundle.read(listed), where=f"{bundle.path}!{listed.file}")
    if any(one.calibration_sha256 for one in bundle.manifest.variants.values()):
        raise BundleError("the bundle lacks the description of what it was calibrated with", where=str(bundle.path))
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

"""A bundle's source and calibration data put back in place, under their own names, and opened as they were then."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from skerry_converters.calibration.calibration_set import CalibrationSet
from skerry_converters.calibration.items import Progress
from skerry_converters.calibration.manifest import CalibrationRecord
from skerry_converters.calibration.opening import reopen_calibration
from skerry_converters.conversion.opening import SourceOptions, open_any
from skerry_converters.conversion.rebuilding.inputs import CALIBRATION, Needed
from skerry_converters.model import Thresholds
from skerry_converters.sources.base import SourceFacts, SourceModel
from skerry_converters.sources.files import Role
from skerry_converters.sources.foreign import NOTHING_SAID, load_foreign
from skerry_converters.sources.input_shapes import InputShapes
from skerry_converters.sources.opening import open_source
from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import ImageInput, Manifest, Source, YoloHead, YoloRegion
from skerry_edge.foundation.errors import ReachError

DARKNET = "darknet"


def put_in_place(paths: Mapping[Needed, Path], folder: Path) -> None:
    """Give files the names that their readers look for: the source's below ``folder``/source, data below /data.

    Raises ReachError.
    """
    for one, path in paths.items():
        target = folder / ("data" if one.role == CALIBRATION else "source") / one.name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if one.role == CALIBRATION:
                target.symlink_to(path.resolve())
            else:
                # A copy: readers of networks refuse links that lead out of the network's folder.
                shutil.copyfile(path, target)
        except OSError as error:
            raise ReachError("cannot put a file in place", where=str(target), found=error.strerror) from error


def reopen_source(manifest: Manifest, folder: Path, *, where: str) -> SourceModel:
    """Open the source that `put_in_place` put into ``folder`` with what a bundle's manifest says of it.

    Raises BundleError where its roles are not those of its kind, and what opening a source raises.
    """
    source = manifest.source
    files = _Files(source, folder / "source", where)
    if source.kind == DARKNET:
        return open_any(files.one("cfg"), _darknet_options(manifest, files, where))
    described, labels = files.maybe("manifest"), files.maybe("labels")
    foreign = load_foreign(described, labels) if described else NOTHING_SAID
    return open_source(files.network(), foreign, InputShapes(given=source.input_shapes))


def reopen_data(
    record: CalibrationRecord, facts: SourceFacts, folder: Path, *, where: str, progress: Progress
) -> CalibrationSet:
    """Open the calibration data that `put_in_place` put into ``folder``. Raises as `reopen_calibration`."""
    if len(facts.inputs) != 1:
        raise BundleError(
            "only networks of one input can have been calibrated", where=where, found=f"{len(facts.inputs)} inputs"
        )
    names = {item.name for item in record.items}
    one_file = record.kind in ("video", "arrays") and len(names) == 1
    path = folder / "data" / names.pop() if one_file else folder / "data"
    return reopen_calibration(path, record, facts.description.input, facts.inputs[0], progress=progress)


def _darknet_options(manifest: Manifest, files: _Files, where: str) -> SourceOptions:
    image, decoder = manifest.input, manifest.output
    if not isinstance(image, ImageInput) or not isinstance(decoder, YoloRegion | YoloHead):
        raise BundleError("a Darknet source does not look like this", where=where, found=type(decoder).__name__)
    return SourceOptions(
        weights=files.one("weights"),
        labels=files.one("labels"),
        resize=image.resize,
        thresholds=Thresholds(score=decoder.score_threshold, nms_iou=decoder.nms_iou),
    )


class _Files:
    """A source's files in ``folder`` by their roles."""

    def __init__(self, source: Source, folder: Path, where: str) -> None:
        self._source = source
        self._folder = folder
        self._where = where

    def one(self, role: Role) -> Path:
        path = self.maybe(role)
        if path is None:
            raise BundleError(
                f"a {self._source.kind} source has a file of the role '{role}', and the bundle records none",
                where=self._where,
            )
        return path

    def maybe(self, role: Role) -> Path | None:
        names = self._names(role)
        if len(names) > 1:
            raise BundleError(
                f"the bundle records several files of the role '{role}'", where=self._where, found=", ".join(names)
            )
        return self._folder / names[0] if names else None

    def network(self) -> Path:
        """Return the network's file, or the folder that all of its files are in."""
        tops = {PurePosixPath(name).parts[0] for name in self._names("network")}
        if len(tops) != 1:
            return self.one("network")
        return self._folder / tops.pop()

    def _names(self, role: Role) -> list[str]:
        return [name for name, own in self._source.roles.items() if own == role]

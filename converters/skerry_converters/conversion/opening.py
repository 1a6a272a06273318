"""A source of any kind opened with the options that belong to its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from skerry_converters.darknet.source import Resize, load_darknet
from skerry_converters.model import Thresholds
from skerry_converters.sources.base import SourceModel
from skerry_converters.sources.darknet import DarknetSource
from skerry_converters.sources.foreign import NOTHING_SAID, WAKE_WORD_SUFFIX, load_foreign
from skerry_converters.sources.input_shapes import parse_input_shapes
from skerry_converters.sources.opening import open_source
from skerry_edge.audio.model import load_model
from skerry_edge.foundation.errors import ConfigError

DARKNET_SUFFIX = ".cfg"


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceOptions:
    """What the command line says about a source besides its path; None and empty where it says nothing."""

    weights: Path | None = None
    labels: Path | None = None
    resize: Resize | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)
    manifest: Path | None = None
    input_shapes: tuple[str, ...] = ()


def open_any(path: Path, options: SourceOptions) -> SourceModel:
    """Open a Darknet, ONNX, Keras, SavedModel or TFLite network, or the one that a wake word's JSON manifest names.

    Raises ConfigError for an option that another kind of source has, and what the kind's own loader raises.
    """
    if path.suffix.lower() == DARKNET_SUFFIX:
        return _darknet(path, options)
    _refuse(
        "Darknet sources alone, whose SOURCE is the .cfg",
        "give the .cfg as SOURCE, or describe another network with --manifest",
        {
            "--weights": options.weights,
            "--labels": options.labels,
            "--resize": options.resize,
            "--score-threshold": options.thresholds.score,
            "--nms-iou": options.thresholds.nms_iou,
        },
    )
    manifest = options.manifest
    if path.suffix.lower() == WAKE_WORD_SUFFIX:
        _refuse("other sources", "leave it out: SOURCE is the manifest itself", {"--manifest": manifest})
        path, manifest = load_model(path).path, path
    foreign = load_foreign(manifest) if manifest else NOTHING_SAID
    return open_source(path, foreign, parse_input_shapes(options.input_shapes))


def _darknet(path: Path, options: SourceOptions) -> SourceModel:
    _refuse(
        "sources other than Darknet's",
        "leave it out: the cfg says it",
        {"--manifest": options.manifest, "--input-shape": options.input_shapes or None},
    )
    if options.weights is None or options.labels is None:
        missing = "--weights" if options.weights is None else "--labels"
        raise ConfigError(f"a Darknet source needs {missing}", where=str(path), todo=f"give {missing} FILE")
    model = load_darknet(path, options.weights, options.labels, resize=options.resize, thresholds=options.thresholds)
    return DarknetSource(model=model)


def _refuse(owners: str, todo: str, given: Mapping[str, object]) -> None:
    for name, value in given.items():
        if value is not None:
            raise ConfigError(f"{name} is for {owners}", where=name, found=f"{value}", todo=todo)

"""Which models a device has, and what each means for a pipeline: shipped ones, and those that were brought to it."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from skerry_edge.agent.config.areas import label_problem
from skerry_edge.agent.config.pipelines import DetectionPipeline, PipelineConfig, WakeWordPipeline
from skerry_edge.agent.downlink.current_models import with_current_model
from skerry_edge.audio.model import MANIFEST_SUFFIX
from skerry_edge.contracts.bundle import MANIFEST, Bundle
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.models.catalogue import SUFFIX, resolve_model, shipped_models
from skerry_edge.models.entries import known_models
from skerry_edge.ota.model_store import good_bundle

FOLDER = "models"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z")
"""Nothing that leads to another folder: a name comes from afar."""
_WORDS = "pymicro_wakeword"
"""The package that holds the wake words of the catalogue; it may be missing."""


def with_model(pipeline: PipelineConfig, name: str, state_dir: Path) -> PipelineConfig:
    """Return the pipeline as it runs the model that ``name`` means on this device.

    That is a model of the catalogue, one below ``state_dir``, or, by its path, the one that the device's own file gives
    the pipeline. Raises ConfigError where there is none, where the pipeline has no place for it, and where the model
    does not know what the pipeline looks for; BundleError for a file that is no bundle.
    """
    if isinstance(pipeline, DetectionPipeline):
        named = replace(pipeline, model=_detector(pipeline, name, state_dir))
        _check(with_current_model(named, state_dir))
        return named
    if isinstance(pipeline, WakeWordPipeline):
        if len(pipeline.words) != 1:
            what, todo = "this pipeline listens for several words", "give each word a pipeline to change it from afar"
            raise ConfigError(what, found=", ".join(one.model for one in pipeline.words), todo=todo)
        (word,) = pipeline.words
        return replace(pipeline, words=(replace(word, model=_word(word.model, name, state_dir)),))
    raise ConfigError("this pipeline has no model", found=f"'{pipeline.name}' ({pipeline.kind})")


def _detector(pipeline: DetectionPipeline, name: str, state_dir: Path) -> str:
    return _found(name, pipeline.model, shipped_models(), state_dir, (SUFFIX,))


def _word(own: str, name: str, state_dir: Path) -> str:
    installed = dict.fromkeys(known_models().wakeword.names if importlib.util.find_spec(_WORDS) else ())
    return _found(name, own, installed, state_dir, (SUFFIX, MANIFEST_SUFFIX))


def _found(name: str, own: str, shipped: Mapping[str, object], state_dir: Path, suffixes: Sequence[str]) -> str:
    """Return what the configuration calls the model."""
    if name == own or name in shipped or (_NAME.match(name) and good_bundle(state_dir, name) is not None):
        return name
    for file in (name, *(f"{name}{suffix}" for suffix in suffixes)) if _NAME.match(name) else ():
        if _is_model(path := state_dir / FOLDER / file):
            return str(path)
    todo = f"bring it to {state_dir / FOLDER} first, or name one that the device has ('skerry models list' on it)"
    raise ConfigError("the model is not there", found=f"'{name[:128]}'", todo=todo)


def _is_model(path: Path) -> bool:
    """Tell whether a model lies there; the folder in which updates keep a model's releases is none."""
    return path.is_file() or (path / MANIFEST).is_file()


def _check(pipeline: DetectionPipeline) -> None:
    """Raise where the pipeline's model cannot be what it asks for."""
    manifest = Bundle.open(resolve_model(pipeline.model)).manifest
    if manifest.task != "detection":
        raise ConfigError("the model finds no objects", found=f"'{pipeline.model}' is for {manifest.task}")
    problem = label_problem(pipeline, manifest.labels)
    if problem is not None:
        raise problem[1]
    if pipeline.variant is not None and pipeline.variant not in manifest.variants:
        todo = f"its variants: {', '.join(sorted(manifest.variants))}"
        raise ConfigError("the model has no such variant", found=f"'{pipeline.variant}'", todo=todo)

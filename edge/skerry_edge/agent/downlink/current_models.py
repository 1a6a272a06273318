"""What a model's name means once an update has brought a release under it: that one, before what was shipped."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.model_keys import models_of, with_models
from skerry_edge.agent.config.pipelines import PipelineConfig
from skerry_edge.agent.downlink.model_hashes import with_model_hash
from skerry_edge.contracts.manifest import NAME_PATTERN
from skerry_edge.models.catalogue import SUFFIX
from skerry_edge.ota.model_store import MODELS, good_bundle, tried_bundle

_NAME = re.compile(NAME_PATTERN.rstrip("$") + r"\Z")
"""What a release may be called."""
_FILES = (SUFFIX, ".json")
"""What a model that somebody brought is called: a bundle, or a wake word's manifest."""
P = TypeVar("P", bound=PipelineConfig)


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelUser:
    """A pipeline as it is in force, and the ``key`` below which it names the model that this is about.

    ``own`` is what the device's own file, or the fleet's configuration, has there: without an update it would run that.
    """

    pipeline: PipelineConfig
    key: str
    own: str

    @property
    def name(self) -> str:
        """The pipeline's name."""
        return self.pipeline.name

    @property
    def model(self) -> str:
        """The model that it runs there."""
        return models_of(self.pipeline)[self.key]

    def with_bundle(self, bundle: Path) -> PipelineConfig:
        """Return the pipeline as it runs another bundle there."""
        return self._with(str(bundle))

    def with_own(self) -> PipelineConfig:
        """Return the pipeline as it runs what it would without an update."""
        return self._with(self.own)

    def _with(self, text: str) -> PipelineConfig:
        changed = with_models(self.pipeline, lambda key, model: text if key == self.key else model)
        return with_model_hash(changed)


def release_name(model: str, state_dir: Path) -> str | None:
    """Return the name under which updates bring what a pipeline names as its model; None where they do not.

    That is the model's name, or that of a file that somebody brought to the device's `models` folder. A path elsewhere
    means that very file.
    """
    path = Path(model)
    if path.parent == state_dir / MODELS:
        suffix = path.suffix if path.suffix in _FILES else ""
        model = path.name.removesuffix(suffix)
    return model if _NAME.match(model) else None


def release_names(pipeline: PipelineConfig, state_dir: Path) -> dict[str, str]:
    """Return the names under which updates bring a pipeline's models, as it was configured, by key."""
    names = {key: release_name(model, state_dir) for key, model in models_of(pipeline).items()}
    return {key: name for key, name in names.items() if name is not None}


def with_current_model(pipeline: P, state_dir: Path, on_trial: str | None = None) -> P:
    """Return the pipeline with the releases that updates have brought under its models' names, where they have.

    Only what has proved itself counts, but for the model ``on_trial``: what the links alone say of a trial is no reason
    to run what nobody watches.
    """

    def current(_key: str, model: str) -> str:
        name = release_name(model, state_dir)
        bundle = tried_bundle if name == on_trial else good_bundle
        found = None if name is None else bundle(state_dir, name)
        # By its own path and not by the link: a pipeline whose model was switched is another one.
        return model if found is None else str(found)

    return with_models(pipeline, current)


def with_current_models(config: AgentConfig, state_dir: Path, on_trial: str | None = None) -> AgentConfig:
    """Return the configuration with the release of each pipeline's models that updates have brought."""
    return replace(config, pipelines=tuple(with_current_model(one, state_dir, on_trial) for one in config.pipelines))

"""What a model's name means once an update has brought a release under it: that one, before what was shipped."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec.structs import replace

from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.pipelines import DetectionPipeline, PipelineConfig
from skerry_edge.contracts.manifest import NAME_PATTERN
from skerry_edge.models.catalogue import SUFFIX
from skerry_edge.ota.model_store import MODELS, current_bundle

_NAME = re.compile(NAME_PATTERN.rstrip("$") + r"\Z")
"""What a release may be called."""


def release_name(pipeline: PipelineConfig, state_dir: Path) -> str | None:
    """Return the name under which updates bring a pipeline's model, as it was configured; None where they do not.

    That is the model's name, or that of a file that somebody brought to the device's `models` folder. A path elsewhere
    means that very file.
    """
    if not isinstance(pipeline, DetectionPipeline):
        return None
    path = Path(pipeline.model)
    name = path.name.removesuffix(SUFFIX) if path.parent == state_dir / MODELS else pipeline.model
    return name if _NAME.match(name) else None


def with_current_model(pipeline: DetectionPipeline, state_dir: Path) -> DetectionPipeline:
    """Return the pipeline with the release that updates have brought under its model's name, if they have."""
    name = release_name(pipeline, state_dir)
    found = None if name is None else current_bundle(state_dir, name)
    # By its own path and not by the link: a pipeline whose model was switched is another one.
    return pipeline if found is None else replace(pipeline, model=str(found))


def with_current_models(config: AgentConfig, state_dir: Path) -> AgentConfig:
    """Return the configuration with the release of each pipeline's model that updates have brought."""
    pipelines = tuple(
        with_current_model(one, state_dir) if isinstance(one, DetectionPipeline) else one for one in config.pipelines
    )
    return replace(config, pipelines=pipelines)

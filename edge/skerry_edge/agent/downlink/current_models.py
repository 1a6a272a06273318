"""What a model's name means once an update has brought a release under it: that one, before what was shipped."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec.structs import replace

from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.pipelines import DetectionPipeline, PipelineConfig
from skerry_edge.contracts.manifest import NAME_PATTERN
from skerry_edge.ota.model_store import current_bundle

_NAME = re.compile(NAME_PATTERN.rstrip("$") + r"\Z")
"""What a release may be called; a path is none."""


def is_called(pipeline: PipelineConfig, name: str) -> bool:
    """Tell whether a pipeline, as it was configured, runs the model of this name."""
    return isinstance(pipeline, DetectionPipeline) and pipeline.model == name


def with_current_model(pipeline: DetectionPipeline, state_dir: Path) -> DetectionPipeline:
    """Return the pipeline with the release that updates have brought under its model's name, if they have."""
    found = current_bundle(state_dir, pipeline.model) if _NAME.match(pipeline.model) else None
    # By its own path and not by the link: a pipeline whose model was switched is another one.
    return pipeline if found is None else replace(pipeline, model=str(found))


def with_current_models(config: AgentConfig, state_dir: Path) -> AgentConfig:
    """Return the configuration with the release of each pipeline's model that updates have brought."""
    pipelines = tuple(
        with_current_model(one, state_dir) if isinstance(one, DetectionPipeline) else one for one in config.pipelines
    )
    return replace(config, pipelines=pipelines)

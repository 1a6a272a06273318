"""Which models a device has: those that are shipped, and those that were brought to its state directory."""

from __future__ import annotations

import re
from pathlib import Path

from skerry_edge.agent.config.pipelines import DetectionPipeline, PipelineConfig
from skerry_edge.models.catalogue import shipped_models
from skerry_edge.models.entries import known_models

FOLDER = "models"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z")
"""Nothing that leads to another folder: a name comes from afar."""


def is_model_here(pipeline: PipelineConfig, name: str, state_dir: Path) -> bool:
    """Tell whether ``name`` is a model that this pipeline's kind could run, shipped or below ``state_dir``."""
    if not _NAME.match(name):
        return False
    shipped = shipped_models() if isinstance(pipeline, DetectionPipeline) else known_models().wakeword.names
    return name in shipped or (state_dir / FOLDER / name).exists()

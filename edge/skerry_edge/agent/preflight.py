"""What would keep a configuration's pipelines from running here, found without running them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.areas import label_problem
from skerry_edge.agent.config.pipelines import DetectionPipeline, PipelineConfig, SyntheticPipeline
from skerry_edge.agent.config.source_checks import source_trouble
from skerry_edge.agent.downlink.current_models import with_current_models
from skerry_edge.agent.pipelines.words import options_of, words_of
from skerry_edge.backends.choice import choose_variant
from skerry_edge.backends.registry import BACKENDS, missing_reason
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.foundation.errors import SkerryError
from skerry_edge.models.catalogue import resolve_model


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """What is wrong with one pipeline, or worth knowing."""

    pipeline: str
    text: str


def find_troubles(config: AgentConfig) -> list[Trouble]:
    """Look for each pipeline's model, its backends and its source; an empty list means that all are there."""
    pipelines = with_current_models(config, Path(config.state_dir)).pipelines
    return [Trouble(pipeline=one.name, text=text) for one in pipelines for text in _troubles_of(one)]


def _troubles_of(pipeline: PipelineConfig) -> list[str]:
    if isinstance(pipeline, SyntheticPipeline):
        return []
    troubles = []
    try:
        if isinstance(pipeline, DetectionPipeline):
            bundle = Bundle.open(resolve_model(pipeline.model))
            troubles += _backend_troubles(pipeline, bundle)
            troubles += _label_troubles(pipeline, bundle)
        else:
            words_of(pipeline)
            options_of(pipeline)
    except SkerryError as error:
        troubles.append(str(error))
    trouble = source_trouble(pipeline.source)
    return troubles if trouble is None else [*troubles, trouble]


def find_remarks(config: AgentConfig) -> list[Trouble]:
    """Tell which backends are not installed where another one of the same pipeline is, and does the work."""
    return [
        Trouble(pipeline=one.name, text=text)
        for one in config.pipelines
        if isinstance(one, DetectionPipeline)
        for text in _stand_ins(one.backends)
    ]


def _stand_ins(backends: tuple[str, ...]) -> list[str]:
    missing = _missing(backends)
    runs = next((name for name in backends if name not in missing), None)
    return [] if runs is None else [f"backend {name}: {reason}; {runs} will run" for name, reason in missing.items()]


def _missing(backends: tuple[str, ...]) -> dict[str, str]:
    """Return why backends cannot be used here; one that there is not at all is told elsewhere."""
    known = (name for name in backends if name.partition(":")[0] in BACKENDS)
    return {name: reason for name in known if (reason := missing_reason(name)) is not None}


def _backend_troubles(pipeline: DetectionPipeline, bundle: Bundle) -> list[str]:
    missing = _missing(pipeline.backends)
    installed = tuple(name for name in pipeline.backends if name not in missing)
    tried: tuple[str | None, ...] = installed or pipeline.backends or (None,)
    found = (_backend_trouble(bundle, pipeline.variant, backend) for backend in tried)
    return [trouble for trouble in found if trouble is not None]


def _label_troubles(pipeline: DetectionPipeline, bundle: Bundle) -> list[str]:
    problem = label_problem(pipeline, bundle.manifest.labels)
    return [] if problem is None else [str(problem[1])]


def _backend_trouble(bundle: Bundle, variant: str | None, backend: str | None) -> str | None:
    try:
        choose_variant(bundle, variant=variant, backend=backend)
    except SkerryError as error:
        return str(error)
    return None

"""Which part of the configuration may be set from afar, and how it is laid over the device's own file."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.checks import find_problem
from skerry_edge.agent.config.pipelines import DetectionPipeline, PipelineConfig, SyntheticPipeline, WakeWordPipeline
from skerry_edge.agent.config.words import WordConfig
from skerry_edge.foundation.config import fit
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.nearest import suggestion

Tree = dict[str, Any]

OF_THE_AGENT = ("heartbeat_interval_s", "log_level")
OF_A_PIPELINE: Mapping[type[PipelineConfig], tuple[str, ...]] = {
    DetectionPipeline: (
        "score_threshold",
        "labels",
        "limits",
        "anchor",
        "zones",
        "masks",
        "motion",
        "tracking",
        "events",
    ),
    WakeWordPipeline: ("refractory_s", "words"),
    SyntheticPipeline: ("events_per_s", "label"),
}
OF_A_WORD = ("cutoff", "window", "refractory_s")
"""What decides what is reported, and nothing else. Who the device is, where the broker is, credentials, paths,
programs, sources, models and what leaves the device as a picture stay with whoever has the device in hand."""


def merged(config: AgentConfig, patch: Mapping[str, object], *, name: str) -> AgentConfig:
    """Return ``config`` with ``patch`` laid over it.

    The patch is a JSON merge patch (RFC 7396): tables are merged key by key, lists are replaced whole, and null means
    the default. In it `pipelines` is a table by name, and a wake-word pipeline's `words` a table by model. ``name``
    stands for the patch in errors. Raises ConfigError, with the key, for what may not be set from afar, does not fit
    or is not there.
    """
    top = {key: value for key, value in patch.items() if key != "pipelines"}
    _refuse_others(top, AgentConfig.__struct_fields__, OF_THE_AGENT, name)
    pipelines = _merged_pipelines(config.pipelines, patch.get("pipelines", {}), name)
    tree = _patched(msgspec.to_builtins(msgspec.structs.replace(config, pipelines=())), top)
    changed = msgspec.structs.replace(fit(tree, AgentConfig, name=name), pipelines=pipelines)
    problem = find_problem(changed)
    if problem is not None:
        key, error = problem
        dotted = ".".join(str(step) for step in key)
        raise ConfigError(error.what, where=f"{name}, key '{dotted}'", found=error.found, todo=error.todo)
    return changed


def _merged_pipelines(pipelines: tuple[PipelineConfig, ...], patches: object, name: str) -> tuple[PipelineConfig, ...]:
    by_name = _table(patches, [one.name for one in pipelines], where=name, what="pipeline")
    return tuple(_merged_pipeline(one, by_name[one.name], name) if one.name in by_name else one for one in pipelines)


def _merged_pipeline(pipeline: PipelineConfig, patch: Mapping[str, object], name: str) -> PipelineConfig:
    where = f"{name}, pipeline '{pipeline.name}'"
    _refuse_others(patch, pipeline.__struct_fields__, OF_A_PIPELINE[type(pipeline)], where)
    tree = msgspec.to_builtins(pipeline)
    if "words" in patch:
        patch = {**patch, "words": _patched_words(tree["words"], patch["words"], where)}
    return fit(_patched(tree, patch), type(pipeline), name=where)


def _patched_words(words: Sequence[Tree], patches: object, where: str) -> list[Tree]:
    by_model = _table(patches, [word["model"] for word in words], where=where, what="word")
    for model, patch in by_model.items():
        _refuse_others(patch, WordConfig.__struct_fields__, OF_A_WORD, f"{where}, word '{model}'")
    return [_patched(word, by_model.get(word["model"], {})) for word in words]


def _table(patches: object, known: Sequence[str], *, where: str, what: str) -> Mapping[str, Mapping[str, object]]:
    """Return ``patches`` as a table of tables whose keys are all ``known``. Raises ConfigError for anything else."""
    if not isinstance(patches, dict) or not all(isinstance(one, dict) for one in patches.values()):
        raise ConfigError(f"'{what}s' must be a table with a table for each {what}", where=where)
    for key in patches:
        if key not in known:
            todo = suggestion(key[:64], known, otherwise=f"there are: {', '.join(known)}")
            raise ConfigError(f"there is no such {what}", where=where, found=f"'{key[:64]}'", todo=todo)
    return patches


def _refuse_others(patch: Mapping[str, object], known: Collection[str], allowed: Collection[str], where: str) -> None:
    for key in patch:
        if key not in allowed:
            what = "this key cannot be set from afar" if key in known else "unknown key"
            todo = suggestion(key[:64], allowed, otherwise=f"what can be set: {', '.join(allowed) or 'nothing'}")
            raise ConfigError(what, where=where, found=f"'{key[:64]}'", todo=todo)


def _patched(tree: Tree, patch: Mapping[str, object]) -> Tree:
    """Apply a merge patch as RFC 7396, section 2, defines it."""
    result = dict(tree)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            inner = result.get(key)
            result[key] = _patched(inner if isinstance(inner, dict) else {}, value)
        else:
            result[key] = value
    return result

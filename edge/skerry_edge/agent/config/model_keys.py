"""The models that pipelines name, each by the key below which its pipeline does: a pipeline may name several."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from msgspec.structs import replace

from skerry_edge.agent.config.pipelines import DetectionPipeline, PipelineConfig, WakeWordPipeline

DETECTOR = "model"
VOICE = "voice.model"
P = TypeVar("P", bound=PipelineConfig)
Change = Callable[[str, str], str]
"""Returns the model that takes the place of one, by key and model."""


def word_key(index: int) -> str:
    """Return the key of a wake-word pipeline's word."""
    return f"words[{index}].model"


def models_of(pipeline: PipelineConfig) -> dict[str, str]:
    """Return what a pipeline names as its models, by key; nothing for one that needs none."""
    found: dict[str, str] = {}

    def note(key: str, model: str) -> str:
        found[key] = model
        return model

    with_models(pipeline, note)
    return found


def with_models(pipeline: P, change: Change) -> P:
    """Return the pipeline with each of its models as ``change`` has it."""
    if isinstance(pipeline, DetectionPipeline):
        return replace(pipeline, model=change(DETECTOR, pipeline.model))
    if isinstance(pipeline, WakeWordPipeline):
        words = tuple(
            replace(word, model=change(word_key(index), word.model)) for index, word in enumerate(pipeline.words)
        )
        voice = pipeline.voice
        voice = None if voice is None else replace(voice, model=change(VOICE, voice.model))
        return replace(pipeline, words=words, voice=voice)
    return pipeline

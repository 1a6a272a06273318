"""What tells two models of one name apart: a hash of what their files hold, put into the pipelines that run them."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator

from msgspec.structs import replace

from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.pipelines import DetectionPipeline, PipelineConfig, WakeWordPipeline
from skerry_edge.audio.model import WakeWordModel, find_model, find_voice_model
from skerry_edge.contracts.bundle import MANIFEST, Bundle
from skerry_edge.foundation.errors import SkerryError
from skerry_edge.foundation.file_hash import file_sha256
from skerry_edge.models.catalogue import resolve_model

_log = logging.getLogger(__name__)


def with_hashes(config: AgentConfig) -> AgentConfig:
    """Return the configuration with each pipeline's ``model_sha256`` as its model's files are now."""
    return replace(config, pipelines=tuple(with_model_hash(one) for one in config.pipelines))


def with_model_hash(pipeline: PipelineConfig) -> PipelineConfig:
    """Return the pipeline with its models' hash; without one where they cannot be read, which its child reports."""
    try:
        return replace(pipeline, model_sha256=_sha256(*_contents(pipeline)))
    except SkerryError as error:
        _log.debug("'%s' has no model that can be told from another: %s", pipeline.name, error)
        return replace(pipeline, model_sha256=None)


def _contents(pipeline: PipelineConfig) -> Iterator[bytes]:
    """Yield what differs where a pipeline's models do. Raises a SkerryError where they cannot be read."""
    if isinstance(pipeline, DetectionPipeline):
        # Its manifest holds the hashes of all its other files, against which they are checked when they are read.
        yield Bundle.open(resolve_model(pipeline.model)).read_unlisted(MANIFEST)
    elif isinstance(pipeline, WakeWordPipeline):
        yield from (_told(find_model(word.model)) for word in pipeline.words)
        if pipeline.voice is not None:
            yield _told(find_voice_model(pipeline.voice.model))


def _told(model: WakeWordModel) -> bytes:
    if model.released is not None:
        return Bundle.open(model.path).read_unlisted(MANIFEST)
    return f"{model.word} {model.cutoff} {model.window} {file_sha256(model.path)}\n".encode()


def _sha256(*contents: bytes) -> str | None:
    """Return one hash of them all, in hexadecimal; None where there are none."""
    return hashlib.sha256(b"".join(contents)).hexdigest() if contents else None

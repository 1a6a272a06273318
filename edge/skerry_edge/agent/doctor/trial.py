"""A pipeline's parts tried for real in a process of its own: the model computes once, the source gives one piece."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

from skerry_edge.agent.config.pipelines import DetectionPipeline, PipelineConfig, SyntheticPipeline, WakeWordPipeline
from skerry_edge.agent.config.sources import CameraSource, MicrophoneSource
from skerry_edge.bench.apart import serve

Part = Literal["model", "source"]
_SILENCE_SAMPLES = 16_000
"""A second: every word has been looked for in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """What to try of which pipeline; a model on ``backend``, None where that is the model's own choice."""

    part: Part
    pipeline: PipelineConfig
    backend: str | None = None


def try_out(trial: Trial) -> Iterator[str]:
    """Yield in a sentence what worked; raise what the pipeline would raise."""
    yield _try_model(trial.pipeline, trial.backend) if trial.part == "model" else _try_source(trial.pipeline)


def _try_model(pipeline: PipelineConfig, backend: str | None) -> str:
    if isinstance(pipeline, DetectionPipeline):
        from skerry_edge.agent.pipelines.detector import open_detector, warm_up  # noqa: PLC0415  # imports a runtime

        with closing(open_detector(pipeline, backend)) as detector:
            warm_up(detector)
            return f"{pipeline.model} computes on {detector.backend_name}"
    if isinstance(pipeline, WakeWordPipeline):
        import numpy as np  # noqa: PLC0415  # as the runtime below

        from skerry_edge.agent.pipelines.words import options_of, words_of  # noqa: PLC0415  # imports a runtime
        from skerry_edge.audio.wakeword import WakeWordListener  # noqa: PLC0415  # the same

        words = words_of(pipeline)
        with closing(WakeWordListener(words, options_of(pipeline))) as listener:
            listener.process(np.zeros(_SILENCE_SAMPLES, np.int16))
            return f"listens for {', '.join(word.name for word in words)}"
    return "needs no model"


def _try_source(pipeline: PipelineConfig) -> str:
    if isinstance(pipeline, SyntheticPipeline):
        return "needs no source"
    source = pipeline.source
    if isinstance(source, CameraSource):
        return _try_camera(source)
    if isinstance(source, MicrophoneSource):
        return _try_microphone(source)
    return f"{source.__struct_config__.tag}: a file, or standard input"


def _try_camera(source: CameraSource) -> str:
    from skerry_edge.agent.sources.cameras import open_camera  # noqa: PLC0415  # imports OpenCV
    from skerry_edge.vision.frames import Frame  # noqa: PLC0415  # the same

    with closing(open_camera(source)) as camera:  # type: ignore[arg-type]  # the union of all CameraSources
        for item in camera.frames():
            if isinstance(item, Frame):
                height_px, width_px = item.pixels.shape[:2]
                return f"{item.source} gives pictures of {width_px}x{height_px}"
    return "the camera ended without a picture"


def _try_microphone(source: MicrophoneSource) -> str:
    from skerry_edge.audio.microphone import MicrophoneSource as Microphone  # noqa: PLC0415  # imports numpy

    microphone = Microphone(source.device, stall_s=source.stall_s, rate_hz=source.rate_hz)
    with closing(microphone):
        for pcm in microphone:
            return f"{microphone.name} gives sound, {len(pcm)} samples at once"
    return "the microphone ended without sound"


if __name__ == "__main__":
    serve(int(sys.argv[1]), try_out)

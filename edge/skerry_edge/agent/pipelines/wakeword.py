"""The wake-word pipeline: sound in, spoken words out."""

from __future__ import annotations

from contextlib import closing

from skerry_edge.agent.config.pipelines import WakeWordPipeline
from skerry_edge.agent.config.sources import AudioFileSource, MicrophoneSource
from skerry_edge.agent.link import Link
from skerry_edge.agent.pipelines.listening import Listening
from skerry_edge.agent.pipelines.words import options_of, version_of, words_of
from skerry_edge.audio.microphone import MicrophoneSource as Microphone
from skerry_edge.audio.network import BACKEND
from skerry_edge.audio.pcm import AudioSource
from skerry_edge.audio.sources import open_sources
from skerry_edge.audio.stdin import StdinSource
from skerry_edge.audio.wakeword import WakeWordListener


def run(config: WakeWordPipeline, link: Link) -> None:
    """Listen until told to stop, or to the end of a source that does not loop.

    Raises what finding and opening the models raises, and what ends a source: ReachError, MissingError, DataError
    where nothing of it could be heard.
    """
    words = words_of(config)
    with closing(WakeWordListener(words, options_of(config))) as listener:
        link.ready(model="+".join(word.name for word in words), model_version=version_of(words), backend=BACKEND)
        listening = Listening(config, link, listener)
        while not link.stop.is_set():
            listening.hear_all(_sources(config))
            if not (isinstance(config.source, AudioFileSource) and config.source.loop):
                return


def _sources(config: WakeWordPipeline) -> list[AudioSource]:
    # A source must give up before the parent does, so that the reason is its own.
    stall_s = config.progress_deadline_s / 2
    if isinstance(config.source, AudioFileSource):
        return open_sources(config.source.path)
    if isinstance(config.source, MicrophoneSource):
        return [Microphone(config.source.device, stall_s=stall_s)]
    return [StdinSource(stall_s=stall_s)]

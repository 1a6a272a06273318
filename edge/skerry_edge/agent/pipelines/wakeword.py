"""The wake-word pipeline: sound in, spoken words out."""

from __future__ import annotations

from contextlib import closing

from skerry_edge.agent.config.pipelines import WakeWordPipeline
from skerry_edge.agent.config.sources import AudioFileSource
from skerry_edge.agent.line.link import Link
from skerry_edge.agent.pipelines.listening import Listening
from skerry_edge.agent.pipelines.words import name_of, options_of, version_of, words_of
from skerry_edge.agent.sources.sound import open_sound
from skerry_edge.audio.model import BACKEND
from skerry_edge.audio.wakeword import WakeWordListener


def run(config: WakeWordPipeline, link: Link) -> None:
    """Listen until told to stop, or to the end of a source that does not loop.

    Raises what finding and opening the models raises, and what ends a source: ReachError, MissingError, DataError
    where nothing of it could be heard. A live source does not end: it is opened again.
    """
    link.reached("model")
    words = words_of(config)
    with closing(WakeWordListener(words, options_of(config))) as listener:
        link.ready(model=name_of(words), model_version=version_of(words), backend=BACKEND)
        listening = Listening(config, link, listener)
        while not link.stop.is_set():
            listening.hear_all(open_sound(config.source, link, is_muted=lambda: listening.is_muted))
            if not (isinstance(config.source, AudioFileSource) and config.source.loop):
                return

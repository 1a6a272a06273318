"""Listening: words, failures, and sources one after the other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from skerry_edge.agent.config.pipelines import WakeWordPipeline
from skerry_edge.agent.config.sources import AudioFileSource
from skerry_edge.agent.pipelines.faults import MAX_IN_A_ROW
from skerry_edge.agent.pipelines.wakeword import Listening
from skerry_edge.audio.pcm import CHUNK_SAMPLES, Pcm
from skerry_edge.audio.wakeword import Detection
from skerry_edge.backends.base import BackendError
from skerry_edge.foundation.errors import DataError

PIPELINE = WakeWordPipeline(name="ear", model="alexa", source=AudioFileSource(path="/clips", policy="file"))
WORD = Detection(word="Alexa", time_s=1.0, score=0.9)


class ScriptedListener:
    """Answers each chunk with the next of its script, and counts its new beginnings."""

    def __init__(self, *script: list[Detection] | Exception) -> None:
        self._script = list(script)
        self.restarts = 0

    def process(self, pcm: Pcm) -> list[Detection]:
        answer = self._script.pop(0) if self._script else []
        if isinstance(answer, Exception):
            raise answer
        return answer

    def finish(self, *, where: str) -> None:
        return None

    def restart(self) -> None:
        self.restarts += 1


class ScriptedSource:
    """So many chunks of silence, then the error if there is one."""

    policy = "file"

    def __init__(self, name: str, chunks: int, error: Exception | None = None) -> None:
        self.name = name
        self._chunks = chunks
        self._error = error

    def __iter__(self) -> Iterator[Pcm]:
        yield np.zeros(self._chunks * CHUNK_SAMPLES, np.int16)
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        return None


def test_a_word_is_reported_and_every_chunk_is_progress(ends) -> None:
    link, parent = ends
    Listening(PIPELINE, link, ScriptedListener([], [WORD], [])).hear_all([ScriptedSource("a.wav", 3)])  # type: ignore[arg-type]
    reports = parent.reports()
    assert [type(report).__name__ for report in reports] == ["Progress", "Finding", "Progress", "Progress"]
    assert (reports[1].kind, reports[1].label, reports[1].score) == ("wakeword", "Alexa", 0.9)


def test_each_source_is_a_stream_of_its_own(ends) -> None:
    link, _ = ends
    listener = ScriptedListener()
    listening = Listening(PIPELINE, link, listener)  # type: ignore[arg-type]
    listening.hear_all([ScriptedSource("a.wav", 1), ScriptedSource("b.wav", 1)])
    listening.hear_all([ScriptedSource("a.wav", 1)])
    assert listener.restarts == 2


def test_a_damaged_recording_does_not_keep_the_next_from_being_heard(ends) -> None:
    link, parent = ends
    damaged = ScriptedSource("a.wav", 1, DataError("the recording is cut short", where="a.wav"))
    listening = Listening(PIPELINE, link, ScriptedListener([], [WORD]))  # type: ignore[arg-type]
    listening.hear_all([damaged, ScriptedSource("b.wav", 1)])
    findings = [report for report in parent.reports() if type(report).__name__ == "Finding"]
    assert [finding.label for finding in findings] == ["source-error", "Alexa"]


def test_where_no_recording_could_be_heard_the_pipeline_gives_up(ends) -> None:
    link, _ = ends
    damaged = [ScriptedSource(name, 1, DataError("cut short", where=name)) for name in ("a.wav", "b.wav")]
    with pytest.raises(DataError, match=r"b\.wav"):
        Listening(PIPELINE, link, ScriptedListener()).hear_all(damaged)  # type: ignore[arg-type]


def test_a_failed_inference_is_an_event_and_the_stream_begins_anew(ends) -> None:
    link, parent = ends
    listener = ScriptedListener([], BackendError("invoke failed"), [WORD])
    Listening(PIPELINE, link, listener).hear_all([ScriptedSource("a.wav", 3)])  # type: ignore[arg-type]
    findings = [report for report in parent.reports() if type(report).__name__ == "Finding"]
    assert [(one.kind, one.label) for one in findings] == [("system", "inference-error"), ("wakeword", "Alexa")]
    assert listener.restarts == 1


def test_a_pipeline_whose_inferences_keep_failing_gives_up(ends) -> None:
    link, _ = ends
    listener = ScriptedListener(*[BackendError("invoke failed")] * MAX_IN_A_ROW)
    with pytest.raises(BackendError):
        Listening(PIPELINE, link, listener).hear_all([ScriptedSource("a.wav", 10)])  # type: ignore[arg-type]


def test_nothing_more_is_heard_once_the_end_is_asked_for(ends) -> None:
    link, parent = ends
    link.stop.set()
    Listening(PIPELINE, link, ScriptedListener()).hear_all([ScriptedSource("a.wav", 3)])  # type: ignore[arg-type]
    assert parent.reports() == []

"""Listening: words, failures, gaps, silence by order, and sources one after the other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from skerry_edge.agent.config.pipelines import WakeWordPipeline
from skerry_edge.agent.config.sources import AudioFileSource
from skerry_edge.agent.config.words import WordConfig
from skerry_edge.agent.line.protocol import Finding, Mute, Picture, Progress, Report, TakeSnapshot, encode_line
from skerry_edge.agent.pipelines.faults import MAX_IN_A_ROW
from skerry_edge.agent.pipelines.listening import BEHIND, Listening
from skerry_edge.audio.decision import Detection
from skerry_edge.audio.microphone import MicrophoneSource
from skerry_edge.audio.pcm import CHUNK_SAMPLES, SAMPLE_RATE_HZ, Pcm
from skerry_edge.backends.base import BackendError
from skerry_edge.foundation.errors import DataError

PIPELINE = WakeWordPipeline(
    name="ear", words=(WordConfig(model="alexa"),), source=AudioFileSource(path="/clips", policy="file")
)
WORD = Detection(word="Alexa", time_s=0.1, score=0.9)


class ScriptedListener:
    """Answers each chunk with the next of its script, and counts its new beginnings."""

    def __init__(self, *script: list[Detection] | Exception) -> None:
        self._script = list(script)
        self.restarts = 0
        self.chunks = 0
        self.heard_s = 0.0

    def process(self, pcm: Pcm) -> list[Detection]:
        self.chunks += 1
        self.heard_s += len(pcm) / SAMPLE_RATE_HZ
        answer = self._script.pop(0) if self._script else []
        if isinstance(answer, Exception):
            raise answer
        return answer

    def finish(self, *, where: str) -> list[Detection]:
        return []

    def restart(self) -> None:
        self.restarts += 1
        self.heard_s = 0.0


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


def findings(reports: list[Report]) -> list[Finding]:
    return [report for report in reports if isinstance(report, Finding)]


def frames(reports: list[Report]) -> int:
    return sum(report.frames for report in reports if isinstance(report, Progress))


def test_a_word_is_reported_and_every_chunk_is_progress(ends) -> None:
    link, parent = ends
    Listening(PIPELINE, link, ScriptedListener([], [WORD], [])).hear_all([ScriptedSource("a.wav", 3)])
    reports = parent.reports()
    (finding,) = findings(reports)
    assert (finding.kind, finding.label, finding.score) == ("wakeword", "Alexa", 0.9)
    assert frames(reports) == 3
    assert len(reports) < 5


def test_the_latency_of_a_word_counts_from_the_sound_that_decided_it(ends) -> None:
    link, parent = ends
    # Heard at the end of the second chunk, decided by what ended the first.
    Listening(PIPELINE, link, ScriptedListener([], [WORD])).hear_all([ScriptedSource("a.wav", 2)])
    (finding,) = findings(parent.reports())
    assert finding.latency_ms is not None
    assert finding.latency_ms >= 100


def test_a_word_that_the_end_of_a_recording_decides_is_reported(ends) -> None:
    class Undecided(ScriptedListener):
        def finish(self, *, where: str) -> list[Detection]:
            return [WORD]

    link, parent = ends
    Listening(PIPELINE, link, Undecided()).hear_all([ScriptedSource("a.wav", 1)])
    assert [one.label for one in findings(parent.reports())] == ["Alexa"]


def test_while_muted_nothing_is_judged_and_then_a_new_stream_begins(ends) -> None:
    link, parent = ends
    listener = ScriptedListener([WORD])
    listening = Listening(PIPELINE, link, listener)
    parent.line.sendall(encode_line(Mute(muted=True)))
    listening.hear_all([ScriptedSource("a.wav", 3)])
    assert (listener.chunks, listener.restarts) == (0, 0)
    muted = parent.reports()
    assert findings(muted) == []
    # The sound that is thrown away counts as work done: a muted pipeline is no failing one.
    assert frames(muted) == 3
    assert sum(report.unjudged for report in muted if isinstance(report, Progress)) == 3
    assert not any(report.stages_ms for report in muted if isinstance(report, Progress))
    parent.line.sendall(encode_line(Mute(muted=False)))
    listening.hear_all([ScriptedSource("a.wav", 2)])
    assert (listener.chunks, listener.restarts) == (2, 1)
    assert len(findings(parent.reports())) == 1


def test_who_asks_a_pipeline_of_sound_for_a_picture_is_told_that_there_is_none(ends) -> None:
    link, parent = ends
    parent.line.sendall(encode_line(TakeSnapshot(order="abc")))
    Listening(PIPELINE, link, ScriptedListener()).hear_all([ScriptedSource("a.wav", 1)])
    (answer,) = [report for report in parent.reports() if isinstance(report, Picture)]
    assert (answer.order, answer.jpeg) == ("abc", None)
    assert answer.reason


@pytest.mark.parametrize("after_it", [[], BackendError("the model fails")])
def test_after_a_gap_a_new_stream_begins_and_the_gap_is_counted(ends, after_it: list[Detection] | Exception) -> None:
    class Lossy(MicrophoneSource):
        def __iter__(self) -> Iterator[Pcm]:
            for lost in (0, 0, 4000, 0):
                self.dropped_samples += lost
                yield np.zeros(CHUNK_SAMPLES, np.int16)

    link, parent = ends
    listener = ScriptedListener([], [], after_it)
    Listening(PIPELINE, link, listener).hear_all([Lossy()])
    assert (listener.chunks, listener.restarts) == (4, 1 if after_it == [] else 2)
    drops = [report.drops for report in parent.reports() if isinstance(report, Progress)]
    assert {BEHIND: 3} in drops


def test_each_source_is_a_stream_of_its_own(ends) -> None:
    link, _ = ends
    listener = ScriptedListener()
    listening = Listening(PIPELINE, link, listener)
    listening.hear_all([ScriptedSource("a.wav", 1), ScriptedSource("b.wav", 1)])
    listening.hear_all([ScriptedSource("a.wav", 1)])
    assert listener.restarts == 2


def test_a_damaged_recording_does_not_keep_the_next_from_being_heard(ends) -> None:
    link, parent = ends
    damaged = ScriptedSource("a.wav", 1, DataError("the recording is cut short", where="a.wav"))
    listening = Listening(PIPELINE, link, ScriptedListener([], [WORD]))
    listening.hear_all([damaged, ScriptedSource("b.wav", 1)])
    assert [finding.label for finding in findings(parent.reports())] == ["source-error", "Alexa"]


def test_where_no_recording_could_be_heard_the_pipeline_gives_up(ends) -> None:
    link, _ = ends
    damaged = [ScriptedSource(name, 1, DataError("cut short", where=name)) for name in ("a.wav", "b.wav")]
    with pytest.raises(DataError, match=r"b\.wav"):
        Listening(PIPELINE, link, ScriptedListener()).hear_all(damaged)


def test_a_failed_inference_is_an_event_and_the_stream_begins_anew(ends) -> None:
    link, parent = ends
    listener = ScriptedListener([], BackendError("invoke failed"), [WORD])
    Listening(PIPELINE, link, listener).hear_all([ScriptedSource("a.wav", 3)])
    found = [(one.kind, one.label) for one in findings(parent.reports())]
    assert found == [("system", "inference-error"), ("wakeword", "Alexa")]
    assert listener.restarts == 1


def test_a_pipeline_whose_inferences_keep_failing_gives_up(ends) -> None:
    link, _ = ends
    listener = ScriptedListener(*[BackendError("invoke failed")] * MAX_IN_A_ROW)
    with pytest.raises(BackendError):
        Listening(PIPELINE, link, listener).hear_all([ScriptedSource("a.wav", 10)])


def test_nothing_more_is_heard_once_the_end_is_asked_for(ends) -> None:
    link, parent = ends
    link.stop.set()
    Listening(PIPELINE, link, ScriptedListener()).hear_all([ScriptedSource("a.wav", 3)])
    assert parent.reports() == []

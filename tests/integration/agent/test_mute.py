"""A muted ear: its child judges nothing, its successor neither, and the heartbeat says so."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from selectors import DefaultSelector

import pytest

from skerry_edge.agent.children.hosts import Hosts
from skerry_edge.agent.children.load_times import LoadTimes
from skerry_edge.agent.children.mutes import Mutes
from skerry_edge.agent.children.worker import Worker
from skerry_edge.agent.config.pipelines import WakeWordPipeline
from skerry_edge.agent.config.sources import AudioFileSource
from skerry_edge.agent.config.words import WordConfig
from skerry_edge.agent.life.loop import serve
from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.agent.line.protocol import Finding
from skerry_edge.contracts.messages import PipelineVitals


class Ear:
    """A wake-word pipeline that hears the demo's recording again and again, and the loop around it."""

    def __init__(self, clip: Path, state_dir: Path) -> None:
        self.mutes = Mutes(StateFiles(state_dir), ["ear"])
        self.words: list[str] = []
        self._selector = DefaultSelector()
        source = AudioFileSource(path=str(clip), policy="file", loop=True)
        pipeline = WakeWordPipeline(name="ear", words=(WordConfig(model="alexa"),), source=source)
        hosts = Hosts(environment=os.environ, selector=self._selector)
        load_times = LoadTimes(StateFiles(state_dir), boot="this one")
        self._worker = Worker(
            pipeline,
            log_level="INFO",
            hosts=hosts,
            mutes=self.mutes,
            load_times=load_times,
            on_finding=self._find,
        )

    def turn(self) -> None:
        """Let the parent's loop go round once."""
        self._worker.act(self._worker.due_s if self._worker.pid is None else 0.0)
        serve(self._selector, 0.05)

    def vitals(self) -> PipelineVitals:
        """Return what the heartbeat would say, after one turn."""
        self.turn()
        return self._worker.take_vitals()

    def kill_child(self) -> None:
        """Kill the child as a crash does."""
        assert self._worker.pid is not None
        os.kill(self._worker.pid, signal.SIGKILL)

    def close(self) -> None:
        """End the child."""
        self._worker.kill()
        self._selector.close()

    def _find(self, _worker: Worker, finding: Finding) -> None:
        self.words.append(finding.label)


@pytest.fixture
def ear(project_root: Path, tmp_path: Path) -> Iterator[Ear]:
    """An ear that listens."""
    one = Ear(project_root / "server" / "skerry_server" / "demo" / "data" / "alexa.wav", tmp_path)
    yield one
    one.close()


def test_a_muted_ear_hears_nothing_until_it_is_unmuted(ear: Ear, eventually: Callable[..., None]) -> None:
    def hears() -> bool:
        ear.turn()
        return bool(ear.words)

    def is_silent() -> bool:
        vitals = ear.vitals()
        return vitals.state == "running" and vitals.muted and vitals.frames > 0 and "inference" not in vitals.stages_ms

    eventually(hears, what="the word")
    assert not ear.vitals().muted
    ear.mutes.mute(["ear"], None)
    ear.words.clear()
    eventually(is_silent, what="a window in which sound came and was not judged")
    ear.kill_child()
    eventually(lambda: ear.vitals().state != "running", what="the parent notices the end of the child")
    eventually(is_silent, what="the next child is silent, too")
    assert ear.words == []
    ear.mutes.unmute(["ear"])
    eventually(hears, what="the word again")
    assert not ear.vitals().muted

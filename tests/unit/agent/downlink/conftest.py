"""A device's configuration, and commands to it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.delivery import MqttConfig
from skerry_edge.agent.config.pipelines import DetectionPipeline, SyntheticPipeline, WakeWordPipeline
from skerry_edge.agent.config.sources import ImagesSource, MicrophoneSource
from skerry_edge.agent.config.words import WordConfig
from skerry_edge.contracts.messages import Command


@pytest.fixture
def config(tmp_path: Path) -> AgentConfig:
    """A camera that gives pictures away, one that does not, a microphone, and a stand-in."""
    images = ImagesSource(path="/pictures")
    return AgentConfig(
        site="garden",
        device="cam-1",
        board="generic-x86",
        mqtt=MqttConfig(url="mqtt://broker"),
        state_dir=str(tmp_path),
        pipelines=(
            DetectionPipeline(name="gate", model="skerry-signs", source=images, score_threshold=0.4, snapshot=True),
            DetectionPipeline(name="bath", model="skerry-signs", source=images),
            WakeWordPipeline(name="ear", words=(WordConfig(model="alexa"),), source=MicrophoneSource()),
            SyntheticPipeline(name="beat"),
        ),
    )


@pytest.fixture
def make_command() -> Callable[..., Command]:
    """Return a function that makes a command of a minute's life, given at ``ts``."""
    numbers = itertools.count(1)

    def make(name: str, *, ts: int, life_ms: int = 60_000, command_id: str | None = None, **args: str) -> Command:
        return Command(
            v=1, id=command_id or f"order-{next(numbers)}", name=name, ts=ts, expires_ts=ts + life_ms, args=args
        )

    return make

"""The configuration that the demo writes for its agent."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from skerry_edge.agent.config import AgentConfig
from skerry_edge.foundation.config import parse_toml
from skerry_edge.foundation.errors import MissingError
from skerry_server.demo import agent


def text(folder: Path) -> str:
    return agent.config_text(
        broker_url="mqtt://127.0.0.1:1", model="demo-discs", video=folder / 'a "b".avi', audio=folder / "ü.wav"
    )


def test_it_is_a_configuration_that_the_agent_takes_whatever_the_files_are_called(tmp_path):
    config = parse_toml(text(tmp_path), AgentConfig, name="demo")
    camera, ear = config.pipelines
    assert camera.source.path == str(tmp_path / 'a "b".avi')
    assert ear.source.path == str(tmp_path / "ü.wav")
    assert msgspec.structs.asdict(config)["board"].startswith("generic-")


def test_a_machine_that_no_profile_describes_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setattr(agent.platform, "machine", lambda: "riscv64")
    with pytest.raises(MissingError, match="riscv64"):
        text(tmp_path)

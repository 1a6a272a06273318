"""Where state goes that no configuration places."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from skerry_edge.agent.config.checks import load_config
from skerry_edge.agent.config.state_dir import usual_state_dir

TEXT = """\
site = "garden"
device = "cam-1"
board = "generic-x86"
mqtt = { url = "mqtt://127.0.0.1" }
pipelines = [{ kind = "synthetic", name = "ghost" }]
"""


@pytest.fixture
def as_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An ordinary user's home, where only what is below it can be written."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "access", lambda path, mode: str(path).startswith(str(tmp_path)))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    return tmp_path


def test_an_ordinary_user_s_agent_keeps_its_state_at_home(as_user: Path) -> None:
    file = as_user / "agent.toml"
    file.write_text(TEXT)
    assert load_config(file).state_dir == str(as_user / ".local/state/skerry")
    file.write_text(f'state_dir = "mine"\n{TEXT}')
    assert load_config(file).state_dir == str(as_user / "mine")


def test_the_user_s_own_place_for_state_is_heeded(as_user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(as_user / "state"))
    assert usual_state_dir(as_user / "agent.toml") == as_user / "state/skerry"


def test_the_service_s_configuration_means_the_service_s_state_whoever_asks(as_user: Path) -> None:
    assert as_user
    assert usual_state_dir(Path("/etc/skerry/agent.toml")) == Path("/var/lib/skerry")

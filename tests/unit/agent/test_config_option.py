"""Which configuration a command is about."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from skerry_edge.agent.cli import agent
from skerry_edge.agent.config_option import installed_config, require_config
from skerry_edge.foundation.errors import ConfigError, ReachError


def test_the_installed_configuration_is_found(tmp_path: Path) -> None:
    (tmp_path / "agent.toml").touch()
    assert installed_config(tmp_path / "agent.toml") == tmp_path / "agent.toml"
    assert installed_config(tmp_path / "none.toml") is None


def test_a_folder_that_is_closed_to_this_user_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ReachError) as caught:
        installed_config(tmp_path / "file" / "agent.toml")
    assert "sudo usermod -aG skerry" in (caught.value.todo or "")


def test_a_named_one_goes_before(tmp_path: Path) -> None:
    assert require_config(tmp_path / "mine.toml") == tmp_path / "mine.toml"


@pytest.mark.parametrize("command", ["run", "check-config", "preview", "outbox show"])
def test_without_any_the_command_says_how_to_get_one(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skerry_edge.agent.config_option.installed_config", lambda: None)
    done = CliRunner().invoke(agent, command.split())
    assert isinstance(done.exception, ConfigError)
    assert "example-config" in (done.exception.todo or "")

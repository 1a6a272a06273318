"""What is refused before anything has been changed, and what a first configuration is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from skerry_boards.loader import all_boards, load_board
from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.install.request import Wishes, request_from
from skerry_edge.agent.install.starter import starter_configuration
from skerry_edge.foundation.config import parse_toml
from skerry_edge.foundation.errors import ConfigError, ReachError, SkerryError

GIVEN = """\
site = "garden"
device = "cam-1"
board = "raspberry-pi-5"
mqtt = { url = "mqtt://10.0.0.2", password_file = "mqtt-password" }
pipelines = [{ kind = "synthetic", name = "ghost" }]
"""


def wishes(**changes: Any) -> Wishes:
    values: dict[str, Any] = {
        "board": "raspberry-pi-5",
        "site": "garden",
        "device": "cam-1",
        "broker": "mqtt://10.0.0.2",
        "password_file": None,
        "config_file": None,
        "program": "/opt/skerry/bin/skerry",
    }
    return Wishes(**{**values, **changes})


def refusal(root: Path, **changes: Any) -> SkerryError:
    with pytest.raises(SkerryError) as caught:
        request_from(wishes(**changes), root=root, groups=())
    return caught.value


@pytest.mark.parametrize("board", [board.name for board in all_boards() if board.kind == "computer"])
@pytest.mark.parametrize("has_password", [False, True])
def test_a_first_configuration_fits_on_every_board(board: str, has_password: bool) -> None:
    text = starter_configuration(
        load_board(board), site="garden", device="cam-1", broker="mqtts://b:8883", has_password=has_password
    )
    config = parse_toml(text, AgentConfig, name="starter")
    assert (config.site, config.device, config.board) == ("garden", "cam-1", board)
    assert (config.mqtt.password_file == "/etc/skerry/mqtt-password") is has_password
    assert config.pipelines


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"site": "Bad Site"}, "key 'site'"),
        ({"device": "a/b"}, "key 'device'"),
        ({"broker": "http://x"}, "--broker"),
        ({"broker": "mqtt://u:p@x"}, "--broker"),
        ({"board": "esp32-s3"}, "--board"),
        ({"board": "auto"}, "--board auto"),
        ({"program": "skerry"}, "--program"),
        ({"program": "/opt/skerry/bin/skerry\nExecStartPre=/bin/sh"}, "--program"),
        ({"program": "/opt/a b/skerry"}, "--program"),
        ({"program": "/opt/%n/skerry"}, "--program"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(tmp_path: Path, changes: dict[str, Any], where: str) -> None:
    error = refusal(tmp_path, **changes)
    assert isinstance(error, ConfigError)
    assert where in (error.where or "")
    assert error.todo


@pytest.mark.parametrize("place", ["/home/pi/venv", "/root/.venv", "/tmp/x", "/run/user/1000/x", "/opt/../home/x"])
def test_a_program_that_the_unit_would_hide_is_refused(tmp_path: Path, place: str) -> None:
    assert "could not see" in refusal(tmp_path, program=f"{place}/bin/skerry").what


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path, site=None, broker=None).found == "no --site, --broker"


def test_a_board_is_found_by_itself(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("CPU architecture: 8\n")
    tree = tmp_path / "sys/firmware/devicetree/base"
    tree.mkdir(parents=True)
    (tree / "model").write_text("Raspberry Pi 4 Model B Rev 1.4\0")
    request = request_from(wishes(board="auto"), root=tmp_path, groups=())
    assert request.board.name == "raspberry-pi-4"
    assert 'board = "raspberry-pi-4"' in request.configuration


def test_a_given_configuration_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "given.toml").write_text(GIVEN)
    (tmp_path / "password").write_text("hunter2\n")
    given = wishes(site=None, config_file=tmp_path / "given.toml", password_file=tmp_path / "password")
    request = request_from(given, root=tmp_path, groups=())
    assert request.configuration == GIVEN
    assert request.password is not None
    assert request.password.reveal() == "hunter2"
    assert "hunter2" not in repr(request)


def test_a_given_configuration_says_which_board_it_is_for(tmp_path: Path) -> None:
    (tmp_path / "given.toml").write_text(GIVEN)
    unnamed = wishes(board="auto", config_file=tmp_path / "given.toml")
    assert request_from(unnamed, root=tmp_path, groups=()).board.name == "raspberry-pi-5"
    error = refusal(tmp_path, board="raspberry-pi-4", config_file=tmp_path / "given.toml")
    assert (error.what, error.where) == ("two boards are named", "--board")


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (("garden", "Garden!"), "line 1, key 'site'"),
        (('"raspberry-pi-5"', '"raspberry"'), ""),
        (("mqtt://", "tcp://"), "key 'mqtt.url'"),
        (('"mqtt-password"', '"/etc/other"'), "key 'mqtt.password_file'"),
        (('"cam-1"', '"cam-1"\nstate_dir = "/srv/skerry"'), "key 'state_dir'"),
        (('"ghost"', '"ghost", fault_marker = "/home/pi/marker"'), "given.toml"),
    ],
)
def test_a_given_configuration_that_the_service_could_not_use_is_refused(
    tmp_path: Path, change: tuple[str, str], part: str
) -> None:
    (tmp_path / "given.toml").write_text(GIVEN.replace(*change))
    (tmp_path / "password").write_text("hunter2\n")
    error = refusal(tmp_path, config_file=tmp_path / "given.toml", password_file=tmp_path / "password")
    assert isinstance(error, ConfigError)
    assert part in (error.where or "")


def test_files_that_cannot_be_read_are_no_configuration(tmp_path: Path) -> None:
    assert isinstance(refusal(tmp_path, config_file=tmp_path / "none.toml"), ReachError)
    assert isinstance(refusal(tmp_path, password_file=tmp_path / "none"), ReachError)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    assert isinstance(refusal(tmp_path, config_file=tmp_path / "binary"), ReachError)

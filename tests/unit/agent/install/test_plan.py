"""What installing means on each board, decided without touching anything."""

from __future__ import annotations

import configparser
import json

import pytest

from skerry_boards.loader import all_boards, load_board
from skerry_boards.schema import Board
from skerry_edge.agent.install.executor import Outcome
from skerry_edge.agent.install.places import CONFIG_FILE, PASSWORD_FILE, RULES_FILE, UNIT_FILE
from skerry_edge.agent.install.plan import Request, install_plan, program_of
from skerry_edge.agent.install.plan import removal_plan as removal
from skerry_edge.agent.install.report import facts, lines
from skerry_edge.agent.install.steps import Folder, Link, ServiceUser, Step, TextFile
from skerry_edge.agent.install.systemd_versions import OLDEST, SINCE, require_known
from skerry_edge.agent.mqtt.login import Secret
from skerry_edge.foundation.errors import ConfigError

OF_235 = """
Description Wants After StartLimitIntervalSec Type NotifyAccess ExecStart ExecReload WatchdogSec TimeoutStartSec
TimeoutStopSec KillMode Restart RestartSec User Group SupplementaryGroups UMask BindPaths
StateDirectory StateDirectoryMode CacheDirectory CacheDirectoryMode WorkingDirectory Environment NoNewPrivileges
CapabilityBoundingSet AmbientCapabilities ProtectSystem ProtectHome ProtectKernelTunables ProtectKernelModules
ProtectControlGroups PrivateTmp RemoveIPC RestrictNamespaces RestrictRealtime RestrictAddressFamilies WantedBy
LockPersonality SystemCallArchitectures SystemCallErrorNumber SystemCallFilter MemoryDenyWriteExecute DevicePolicy
DeviceAllow
"""
"""Settings that systemd.exec(5), .service(5), .unit(5) and .resource-control(5) of version 235 have already."""
COMPUTERS = [board for board in all_boards() if board.kind == "computer"]


def plan(
    board: str = "raspberry-pi-5", *, groups: tuple[str, ...] = ("video", "audio"), systemd: int = 252, **more: object
) -> list[Step]:
    values: dict[str, object] = {
        "board": load_board(board),
        "configuration": 'site = "garden"\n',
        "program": "/opt/skerry/bin/skerry",
        "groups": groups,
        "systemd": systemd,
        "version": "0.1.0",
    }
    return list(install_plan(Request(**{**values, **more})))  # type: ignore[arg-type]


def files(steps: list[Step]) -> dict[str, TextFile]:
    return {step.path: step for step in steps if isinstance(step, TextFile)}


def unit(board: str, **more: object) -> str:
    return files(plan(board, **more))[UNIT_FILE].content  # type: ignore[arg-type]


@pytest.mark.parametrize("board", COMPUTERS, ids=lambda board: board.name)
def test_every_board_s_unit_is_whole_and_starts_the_program(board: Board) -> None:
    text = unit(board.name)
    assert "@" not in text.replace("@system-service", "").replace("@privileged", "")
    launched = "/usr/bin/python3 -I -S /usr/local/lib/skerry/launcher.py /var/lib/skerry"
    assert f"ExecStart={launched} /opt/skerry/bin/skerry agent run --config {CONFIG_FILE}\n" in text
    assert program_of(text) == "/opt/skerry/bin/skerry"
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read_string(text)
    assert parser.sections() == ["Unit", "Service", "Install"]


@pytest.mark.parametrize(
    ("board", "denied"),
    [("raspberry-pi-5", "yes"), ("coral-usb-raspberry-pi", "yes"), ("intel-x86", "no"), ("jetson-orin-nano", "no")],
)
def test_memory_is_not_both_written_and_run_where_no_runtime_of_the_board_needs_it(board: str, denied: str) -> None:
    assert f"\nMemoryDenyWriteExecute={denied}\n" in unit(board)


def test_a_configuration_that_names_openvino_is_heeded_on_any_board() -> None:
    assert "\nMemoryDenyWriteExecute=no\n" in unit("raspberry-pi-5", backends={"openvino", "litert"})
    assert "\nMemoryDenyWriteExecute=yes\n" in unit("raspberry-pi-5", backends={"litert"})


def test_the_service_joins_only_groups_that_are_there() -> None:
    assert "\nSupplementaryGroups=video audio\n" in unit("raspberry-pi-5", groups=("audio", "video", "wheel"))
    assert "SupplementaryGroups" not in unit("raspberry-pi-5", groups=())


def test_a_jetson_s_service_reaches_the_camera_s_daemon_and_the_graphics() -> None:
    text = unit("jetson-orin-nano")
    assert "\nBindPaths=-/tmp/argus_socket\n" in text
    assert "\nDeviceAllow=/dev/nvmap rw\n" in text
    assert "argus" not in unit("raspberry-pi-5")


def test_rules_are_written_where_the_board_has_some() -> None:
    assert 'ATTRS{idProduct}=="9302"' in files(plan("coral-usb-raspberry-pi"))[RULES_FILE].content
    assert RULES_FILE not in files(plan("raspberry-pi-5"))


def test_only_the_service_may_read_configuration_and_password() -> None:
    for path in (CONFIG_FILE, PASSWORD_FILE):
        one = files(plan(password=Secret("hunter2")))[path]
        assert (one.mode, one.owner, one.group) == (0o640, "root", "skerry")


def test_the_password_is_in_its_file_and_in_nothing_that_is_shown() -> None:
    steps = plan(password=Secret("hunter2"))
    assert files(steps)[PASSWORD_FILE].content == "hunter2\n"
    outcomes = [Outcome(step=step, result="created") for step in steps]
    shown = "\n".join(lines(outcomes, is_rehearsal=True)) + json.dumps(facts(outcomes, is_rehearsal=True))
    assert "hunter2" not in shown
    assert "ExecStart=" in shown


def test_a_camera_s_login_in_the_configuration_is_not_shown() -> None:
    steps = plan(configuration='url = "rtsp://admin:geheim@192.0.2.7/1"\n')
    outcomes = [Outcome(step=step, result="created") for step in steps]
    shown = "\n".join(lines(outcomes, is_rehearsal=True)) + json.dumps(facts(outcomes, is_rehearsal=False))
    assert "geheim" not in shown
    assert "@192.0.2.7" in shown


def test_a_rehearsal_says_what_would_be_done() -> None:
    outcomes = [Outcome(step=step, result="created") for step in plan()]
    assert next(lines(outcomes, is_rehearsal=True)).startswith("would create system user skerry")
    assert next(lines(outcomes, is_rehearsal=False)).startswith("created")


def test_a_unit_says_only_what_its_systemd_knows() -> None:
    old, new = unit("jetson-nano", systemd=237), unit("jetson-nano", systemd=252)
    assert "@system-service" not in old
    assert "\nSystemCallFilter=~@clock" in old
    assert "@system-service" in new
    settings = {line.partition("=")[0] for line in new.splitlines() if "=" in line and not line.startswith("#")}
    left_out = settings - {line.partition("=")[0] for line in old.splitlines()}
    assert left_out == set(SINCE)
    assert settings <= {*OF_235.split(), *SINCE}, "look up since when systemd knows it"
    assert "A child that runs out of memory" not in old, "a comment on what is left out"


def test_another_version_is_another_unit_so_that_an_upgrade_is_started() -> None:
    assert unit("raspberry-pi-5", version="0.1.0") != unit("raspberry-pi-5", version="0.2.0")


def test_a_systemd_that_keeps_no_state_is_refused() -> None:
    require_known(OLDEST)
    with pytest.raises(ConfigError, match="too old"):
        require_known(OLDEST - 1)


def test_whatever_an_installation_can_make_is_undone() -> None:
    made = plan("coral-usb-raspberry-pi", password=Secret("x"), authority="PEM", trust="{}")

    def places(steps: list[Step]) -> set[str]:
        return {one.path for one in steps if isinstance(one, Folder | TextFile | Link)} | {
            one.name for one in steps if isinstance(one, ServiceUser)
        }

    assert places(made) == places(list(removal("/opt/skerry/bin/skerry")))


def test_a_folder_is_undone_after_what_lies_in_it_and_the_user_last() -> None:
    steps = [one for one in removal(None) if isinstance(one, Folder | TextFile | Link | ServiceUser)]
    assert isinstance(steps[-1], ServiceUser)
    seen: list[str] = []
    for one in steps[:-1]:
        assert not any(earlier != one.path and one.path.startswith(f"{earlier}/") for earlier in seen)
        seen.append(one.path)

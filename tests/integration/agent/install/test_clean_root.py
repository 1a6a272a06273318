"""Installing into a clean system, running as the unit says, and leaving nothing behind."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SKERRY = "/opt/skerry/bin/skerry"
OPTIONS = ("--board", "coral-usb-raspberry-pi", "--program", SKERRY)
UNIT = "etc/systemd/system/skerry-agent.service"
STATE = "var/lib/skerry"


@pytest.fixture
def install(clean_system: Any) -> Callable[..., dict[str, str]]:
    """Return a function that installs or uninstalls, and gives what became of each path or user."""

    def run(command: str, *options: object) -> dict[str, str]:
        done = clean_system.run(SKERRY, "agent", command, *options, "--json")
        assert done.returncode == 0, done.stderr
        return {
            one.get("path") or one.get("name") or " ".join(one["program"]): one["result"]
            for one in json.loads(done.stdout)
        }

    return run


def _subject(step: dict[str, Any]) -> str:
    return step.get("path") or step.get("name") or " ".join(step["program"])


@pytest.fixture
def configuration(clean_system: Any) -> Callable[[int], str]:
    """Return a function that puts a configuration for a broker at a port into the system, and gives its path."""

    def put(port: int) -> str:
        (clean_system.root / "mnt/password").write_text("hunter2\n")
        (clean_system.root / "mnt/cam-1.toml").write_text(
            f'site = "garden"\ndevice = "cam-1"\nboard = "coral-usb-raspberry-pi"\nheartbeat_interval_s = 0.5\n'
            f'mqtt = {{ url = "mqtt://127.0.0.1:{port}", password_file = "mqtt-password" }}\n'
            'pipelines = [{ kind = "synthetic", name = "ghost" }]\n'
        )
        return "/mnt/cam-1.toml"

    return put


@pytest.fixture
def guarded_broker(make_mosquitto: Callable[..., Any], need_program: Callable[[str], str], tmp_path: Path) -> Any:
    """A mosquitto that lets in only who knows a password."""
    passwords = tmp_path / "passwords"
    passwords.touch(mode=0o600)
    for name in ("cam-1", "me"):
        subprocess.run([need_program("mosquitto_passwd"), "-b", str(passwords), name, "hunter2"], check=True)
    return make_mosquitto(f"allow_anonymous false\npassword_file {passwords}")


Start = Callable[[], tuple[subprocess.Popen[bytes], socket.socket]]


@pytest.fixture
def start_service(clean_system: Any, confined: Callable[[str], list[str]]) -> Iterator[Start]:
    """Return a function that starts the unit's own command as its user, under its filter of system calls.

    It is told of the service manager as systemd does; what it says to that can be read from the socket.
    """
    started: list[subprocess.Popen[bytes]] = []

    def start() -> tuple[subprocess.Popen[bytes], socket.socket]:
        unit = (clean_system.root / UNIT).read_text()
        said = dict(line.split("=", 1) for line in unit.splitlines() if "=" in line and not line.startswith("#"))
        notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        # By a descriptor, since a socket's address holds 107 bytes and a test's folder can be longer.
        folder = os.open(clean_system.root / "mnt", os.O_PATH)
        notified.bind(f"/proc/self/fd/{folder}/notify")
        os.close(folder)
        (clean_system.root / "mnt/notify").chmod(0o777)
        user = said["User"]
        as_user = ("setpriv", f"--reuid={user}", f"--regid={said['Group']}", "--init-groups", "--no-new-privs")
        no_power = ("--inh-caps=-all", "--bounding-set=-all")
        environment = (
            "env",
            "-i",
            "PATH=/usr/bin:/bin",
            "NOTIFY_SOCKET=/mnt/notify",
            *shlex.split(said["Environment"]),
        )
        command = (*as_user, *no_power, *environment, *confined(unit), *shlex.split(said["ExecStart"]))
        log = (clean_system.root / "mnt/agent.log").open("wb")
        started.append(subprocess.Popen(clean_system.command(*command), stdout=log, stderr=subprocess.STDOUT))
        return started[-1], notified

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait(30)


def test_all_of_it_is_made_as_planned_and_a_second_time_nothing_changes(
    clean_system: Any, install: Callable[..., dict[str, str]], configuration: Callable[[int], str]
) -> None:
    given = (*OPTIONS, "--config", configuration(1883), "--password-file", "/mnt/password")
    first = install("install", *given)
    assert {one for path, one in first.items() if " " not in path} == {"created"}
    root: Path = clean_system.root
    modes = {
        "etc/skerry": 0o750,
        "etc/skerry/agent.toml": 0o640,
        "etc/skerry/mqtt-password": 0o640,
        UNIT: 0o644,
        "etc/udev/rules.d/60-skerry.rules": 0o644,
        STATE: 0o750,
    }
    assert {path: stat.S_IMODE((root / path).stat().st_mode) for path in modes} == modes
    user = clean_system.run("id", "skerry")
    assert user.returncode == 0
    ids = clean_system.run("stat", "-c", "%U:%G", "/etc/skerry/mqtt-password", f"/{STATE}").stdout.split()
    assert ids == ["root:skerry", "skerry:skerry"]
    second = install("install", *given)
    assert {one for path, one in second.items() if " " not in path} == {"unchanged"}
    assert {one for path, one in second.items() if " " in path} == {"not needed"}


def test_systemd_finds_no_fault_in_the_unit_as_installed(
    clean_system: Any, install: Callable[..., dict[str, str]], configuration: Callable[[int], str]
) -> None:
    install("install", *OPTIONS, "--config", configuration(1883), "--password-file", "/mnt/password")
    checked = clean_system.run("systemd-analyze", "verify", f"/{UNIT}")
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_service_runs_as_its_user_reaches_the_broker_and_leaves_nothing_behind(
    clean_system: Any,
    install: Callable[..., dict[str, str]],
    configuration: Callable[[int], str],
    guarded_broker: Any,
    make_recorder: Callable[..., Any],
    start_service: Start,
    eventually: Callable[..., None],
) -> None:
    before = clean_system.changes()
    recorder = make_recorder(guarded_broker.port, username="me", password="hunter2")
    install("install", *OPTIONS, "--config", configuration(guarded_broker.port), "--password-file", "/mnt/password")
    process, notified = start_service()
    notified.settimeout(60)
    assert b"READY=1" in notified.recv(4096)
    eventually(lambda: recorder.heartbeats and recorder.events, what="a heartbeat and an event")
    owners = clean_system.run("find", f"/{STATE}", "-mindepth", "1", "-printf", "%u\n").stdout.split()
    assert set(owners) == {"skerry"}
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0, (clean_system.root / "mnt/agent.log").read_text()
    eventually(lambda: recorder.states[-1:] == ["offline"], what="a goodbye")
    assert {UNIT, "etc/passwd", "etc/skerry/agent.toml"} <= clean_system.changes() - before
    rehearsed = install("uninstall", "--purge", "--dry-run")
    assert install("uninstall", "--purge") == rehearsed
    assert clean_system.changes() - before == set()
    assert {one for path, one in install("uninstall", "--purge").items() if " " not in path} == {"absent"}


def test_what_was_edited_and_the_state_outlive_an_uninstallation_without_purge(
    clean_system: Any, install: Callable[..., dict[str, str]], configuration: Callable[[int], str]
) -> None:
    plain = ("--program", SKERRY)
    install("install", *OPTIONS, "--config", configuration(1883), "--password-file", "/mnt/password")
    edited = clean_system.root / "etc/skerry/agent.toml"
    edited.write_text(edited.read_text() + "# ours\n")
    (clean_system.root / STATE / "starts").write_text("1\n")
    assert install("install", *plain)["/etc/skerry/agent.toml"] == "kept"
    left = install("uninstall")
    kept = {path for path, result in left.items() if result == "kept"}
    assert kept == {"/etc/skerry/agent.toml", "/etc/skerry/mqtt-password", "/etc/skerry", f"/{STATE}", "skerry"}
    assert edited.read_text().endswith("# ours\n")
    assert install("install", *plain)["skerry"] == "unchanged"
    purged = install("uninstall", "--purge")
    absent = {path for path, result in purged.items() if result == "absent"}
    assert absent == {"/etc/skerry/ca.pem", "/etc/skerry/root.json"}
    assert "kept" not in purged.values()


def test_a_configuration_with_which_the_agent_would_end_is_told_and_not_started(
    clean_system: Any, install: Callable[..., dict[str, str]], configuration: Callable[[int], str]
) -> None:
    config = configuration(1883)
    refused = clean_system.run(SKERRY, "agent", "install", *OPTIONS, "--config", config)
    assert refused.returncode == 2
    assert "/etc/skerry/mqtt-password" in refused.stderr
    install("install", *OPTIONS, "--config", config, "--password-file", "/mnt/password")
    password = clean_system.root / "etc/skerry/mqtt-password"
    password.chmod(0o600)
    barred = clean_system.run(SKERRY, "agent", "install", "--program", SKERRY)
    assert (barred.returncode, "skerry may not read" in barred.stderr) == (2, True)
    password.chmod(0o640)
    assert install("install", "--program", SKERRY)["/etc/skerry/agent.toml"] == "unchanged"
    edited = clean_system.root / "etc/skerry/agent.toml"
    edited.write_text(f'state_dir = "/srv/skerry"\n{edited.read_text()}')
    elsewhere = clean_system.run(SKERRY, "agent", "install", "--program", SKERRY)
    assert (elsewhere.returncode, "'state_dir'" in elsewhere.stderr) == (2, True)


def test_an_ordinary_user_runs_an_agent_without_asking_for_more(
    clean_system: Any, configuration: Callable[[int], str]
) -> None:
    config = clean_system.root / "mnt/mine.toml"
    given = clean_system.root / configuration(1883).lstrip("/")
    config.write_text(given.read_text().replace(', password_file = "mqtt-password"', ""))
    home = clean_system.root / "mnt/home"
    home.mkdir()
    home.chmod(0o777)
    as_nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", "HOME=/mnt/home")
    command = clean_system.command(*as_nobody, SKERRY, "agent", "run", "--config", "/mnt/mine.toml")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("skerry agent garden/cam-1")
        assert (home / ".local/state/skerry/agent.lock").is_file()
    finally:
        process.terminate()
        process.wait(30)


def test_the_program_is_linked_to_where_shells_look(
    clean_system: Any, install: Callable[..., dict[str, str]], configuration: Callable[[int], str]
) -> None:
    install("install", *OPTIONS, "--config", configuration(1883), "--password-file", "/mnt/password")
    assert clean_system.run("/usr/local/bin/skerry", "--version").returncode == 0
    as_nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    closed = clean_system.run(*as_nobody, "/usr/local/bin/skerry", "doctor")
    assert (closed.returncode, "sudo usermod -aG skerry" in closed.stderr) == (4, True)
    install("uninstall")
    assert not (clean_system.root / "usr/local/bin/skerry").is_symlink()


def test_a_group_of_that_name_is_taken_as_it_is(
    clean_system: Any, install: Callable[..., dict[str, str]], configuration: Callable[[int], str]
) -> None:
    assert clean_system.run("groupadd", "--system", "skerry").returncode == 0
    install("install", *OPTIONS, "--config", configuration(1883), "--password-file", "/mnt/password")
    assert clean_system.run("id", "-gn", "skerry").stdout == "skerry\n"


def test_a_rehearsal_writes_nothing(
    clean_system: Any, install: Callable[..., dict[str, str]], configuration: Callable[[int], str]
) -> None:
    before = clean_system.changes()
    rehearsed = install("install", *OPTIONS, "--config", configuration(1883), "--dry-run")
    assert rehearsed["/etc/skerry/agent.toml"] == "created"
    assert clean_system.changes() == before


def test_an_image_is_installed_into_without_starting_anything(
    clean_system: Any, install: Callable[..., dict[str, str]], configuration: Callable[[int], str]
) -> None:
    image = clean_system.root / "srv/image"
    (image / "etc").mkdir(parents=True)
    for name in ("passwd", "group", "shadow", "gshadow", "login.defs"):
        (image / "etc" / name).write_bytes((clean_system.root / "etc" / name).read_bytes())
    given = ("install", *OPTIONS, "--config", configuration(1883), "--password-file", "/mnt/password")
    without = clean_system.run(SKERRY, "agent", *given, "--root", "/srv/image")
    assert (without.returncode, "venv" in without.stderr) == (3, True)
    assert not (image / "etc/skerry").exists()
    (image / "opt/skerry/bin").mkdir(parents=True)
    (image / "bin").mkdir()
    for name in ("opt/skerry/bin/skerry", "bin/sh"):
        (image / name).write_bytes((clean_system.root / name).read_bytes())
        (image / name).chmod(0o755)
    done = install(*given, "--root", "/srv/image")
    assert "ran" not in done.values()
    (image / "var/cache/skerry").rmdir()
    (image / "var/cache").rmdir()
    (image / "var/cache").symlink_to("/var/cache")
    escaping = clean_system.run(
        SKERRY, "agent", "install", *OPTIONS, "--config", "/mnt/cam-1.toml", "--root", "/srv/image"
    )
    assert (escaping.returncode, "leads out of the file tree" in escaping.stderr) == (4, True)
    (image / "var/cache").unlink()
    assert done["/etc/udev/rules.d/60-skerry.rules"] == "not here"
    assert "skerry:" in (image / "etc/passwd").read_text()
    assert "skerry:" not in (clean_system.root / "etc/passwd").read_text()
    link = image / "etc/systemd/system/multi-user.target.wants/skerry-agent.service"
    assert str(link.readlink()) == f"/{UNIT}"
    install("uninstall", "--purge", "--root", "/srv/image")
    assert not [one for one in image.rglob("*skerry*") if not one.is_relative_to(image / "opt")]
    assert "skerry" not in (image / "etc/passwd").read_text()

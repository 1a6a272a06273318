"""SIGHUP: the configuration read again while the agent runs, and what systemd hears of it."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skerry_edge.contracts.messages import State

KEPT = {"kind": "synthetic", "name": "kept", "events_per_s": 20.0}
OTHER = {"kind": "synthetic", "name": "other", "events_per_s": 20.0}


@pytest.fixture
def edit(tmp_path: Path) -> Callable[..., None]:
    """Return a function that replaces a text in an agent's configuration and has it read again."""

    def change(agent, old: str, new: str) -> None:
        path = agent.folder / "agent.toml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        agent.process.send_signal(signal.SIGHUP)

    return change


def labels_of(recorder, pipeline: str) -> set[str]:
    return {event.label for event in recorder.events if event.pipeline == pipeline}


def test_only_the_pipelines_that_changed_are_started_anew(
    mosquitto, recorder, start_agent, eventually, edit, is_gone
) -> None:
    agent = start_agent(mosquitto.port, [KEPT, {**OTHER, "label": "before"}])
    eventually(lambda: {event.pipeline for event in recorder.events} == {"kept", "other"}, what="events of both")
    first, second = sorted(agent.children(), key=lambda child: child.create_time())
    edit(agent, '"before"', '"after"')
    eventually(lambda: labels_of(recorder, "other") == {"before", "after"}, what="events of the changed pipeline")
    survivors = [child for child in (first, second) if not is_gone(child)]
    assert len(survivors) == 1
    assert len(agent.children()) == 2
    serials = [int(event.message) for event in recorder.events if event.pipeline == "kept"]
    assert serials == list(range(1, len(serials) + 1)), "the other one was not touched"
    assert "started anew: other" in agent.log
    assert "degraded" not in recorder.states


def test_pipelines_come_and_go(mosquitto, recorder, start_agent, eventually, edit) -> None:
    agent = start_agent(mosquitto.port, [KEPT, OTHER])
    eventually(lambda: {event.pipeline for event in recorder.events} == {"kept", "other"}, what="events of both")
    edit(agent, '"other"', '"new"')
    eventually(lambda: labels_of(recorder, "new"), what="events of the new pipeline")
    eventually(lambda: [one.name for one in recorder.heartbeats[-1].pipelines] == ["kept", "new"], what="the heartbeat")
    assert len(agent.children()) == 2


def test_a_pipeline_that_does_not_end_is_killed_before_its_successor_begins(
    mosquitto, recorder, start_agent, eventually, edit, is_gone
) -> None:
    stuck = {**OTHER, "label": "before", "fault": "hang", "fault_after": 1, "progress_deadline_s": 3600.0}
    agent = start_agent(mosquitto.port, [stuck])
    eventually(lambda: labels_of(recorder, "other"), what="the event before it hangs")
    (child,) = agent.children()
    edit(agent, '"before"', '"after"')
    eventually(lambda: "after" in labels_of(recorder, "other"), what="the successor's event")
    assert is_gone(child)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('device = "cam-1"', 'device = "cam-2"', "this cannot change while the agent runs; found 'device'"),
        ('"kept"', '"kept', "the configuration is not valid TOML"),
        ("events_per_s", "events_per_second", "unknown key"),
        ('name = "kept"', 'name = "Kept!"', "the configuration does not fit"),
    ],
)
def test_a_configuration_that_cannot_be_taken_on_is_refused_and_told(
    mosquitto, recorder, start_agent, eventually, edit, old: str, new: str, told: str
) -> None:
    agent = start_agent(mosquitto.port, [KEPT])
    eventually(lambda: recorder.events, what="an event")
    (child,) = agent.children()
    edit(agent, old, new)
    eventually(lambda: "reload-refused" in labels_of(recorder, "agent"), what="the system event")
    (event,) = [event for event in recorder.events if event.label == "reload-refused"]
    assert event.kind == "system"
    assert told in event.message
    assert "the one before goes on" in agent.log
    assert agent.children() == [child]
    assert "degraded" not in recorder.states


def test_the_log_and_the_heartbeat_change_while_all_runs_on(mosquitto, recorder, start_agent, eventually, edit) -> None:
    agent = start_agent(mosquitto.port, [KEPT], log_level="WARNING", heartbeat_interval_s=3600)
    eventually(lambda: recorder.events, what="an event")
    (child,) = agent.children()
    edit(agent, "heartbeat_interval_s = 3600", "heartbeat_interval_s = 0.2")
    eventually(lambda: len(recorder.heartbeats) >= 3, what="more heartbeats")
    edit(agent, '"WARNING"', '"INFO"')
    eventually(lambda: "the configuration is in force: changed: log_level" in agent.log, what="the log's new level")
    assert agent.children() == [child]


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """The service manager's end of the notification socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(30)
        yield listening


def test_systemd_hears_of_start_reload_life_and_end(
    mosquitto, recorder, start_agent, eventually, manager: socket.socket, tmp_path: Path
) -> None:
    environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"}
    agent = start_agent(mosquitto.port, [KEPT], environment=environment)

    def next_with(name: str) -> dict[str, str]:
        while True:
            told = dict(line.split("=", 1) for line in manager.recv(4096).decode().split("\n"))
            if name in told:
                return told

    assert next_with("READY") == {"READY": "1", "STATUS": "online"}
    for _ in range(3):
        next_with("WATCHDOG")
    agent.process.send_signal(signal.SIGHUP)
    assert int(next_with("RELOADING")["MONOTONIC_USEC"]) > 0
    assert next_with("READY")["STATUS"] == "online"
    (child,) = agent.children()
    assert "NOTIFY_SOCKET" not in child.environ()
    child.kill()
    assert next_with("STATUS") == {"STATUS": "degraded: kept: the child ended by SIGKILL"}
    agent.process.send_signal(signal.SIGTERM)
    next_with("STOPPING")
    assert agent.process.wait(30) == 0


def test_another_broker_is_moved_to_while_pipelines_and_outbox_go_on(
    mosquitto, make_mosquitto, recorder, make_recorder, start_agent, eventually, edit
) -> None:
    agent = start_agent(mosquitto.port, [KEPT])
    eventually(lambda: recorder.events, what="an event")
    (child,) = agent.children()
    other = make_mosquitto()
    there = make_recorder(other.port)
    edit(agent, f":{mosquitto.port}", f":{other.port}")
    eventually(lambda: len(there.events) > 20, what="events at the other broker")
    assert agent.children() == [child]
    assert (recorder.statuses[-1].state, recorder.statuses[-1].reason) == ("offline", "moved to another broker")
    assert there.states == ["online"]
    serials = {int(event.message) for event in (*recorder.events, *there.events)}
    assert serials == set(range(1, len(serials) + 1)), "none is missing at both"


def test_board_sensors_budget_and_the_file_s_hash_change_while_all_runs_on(
    mosquitto, recorder, start_agent, eventually, edit, tmp_path: Path
) -> None:
    sensor = tmp_path / "level"
    sensor.write_text("21500\n")
    agent = start_agent(mosquitto.port, [KEPT], outbox={"max_bytes": 1 << 20}, sensors=[], log_level="INFO")
    eventually(lambda: recorder.heartbeats and recorder.of(State), what="a heartbeat and the state")
    (child,) = agent.children()
    before = recorder.of(State)[-1]
    # By another of its names: the fleet knows one.
    edit(agent, '"generic-x86"', '"rpi5"')
    eventually(lambda: recorder.heartbeats[-1].board == "raspberry-pi-5", what="the other board in the heartbeat")
    edit(agent, "sensors = []", f'sensors = [{{ name = "shed", path = "{sensor}", scale = 0.001 }}]')
    eventually(lambda: recorder.heartbeats[-1].sensors == {"shed": 21.5}, what="the sensor in the heartbeat")
    edit(agent, "1048576", "2097152")
    eventually(lambda: "changed: outbox" in agent.log, what="the other budget")
    edit(agent, '"INFO"', '"DEBUG"')
    with_debug = len(recorder.of(State))
    eventually(lambda: len(recorder.of(State)) > with_debug, what="the state again")
    after = recorder.of(State)[-1]
    assert after.file_sha256 != before.file_sha256
    assert (after.config_version, after.config_sha256) == (before.config_version, before.config_sha256)
    assert agent.children() == [child]
    assert recorder.states == ["online"]

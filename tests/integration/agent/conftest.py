"""Real brokers, a subscriber that writes down what it sees, and the agent as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from skerry_edge.contracts.codec import decode
from skerry_edge.contracts.messages import Event, Heartbeat, Message, Status
from skerry_edge.contracts.topics import DOWN_KINDS, parse_topic

Eventually = Callable[..., None]


class Mosquitto:
    """The real broker, which can be stopped, killed and started again on the same port with what it kept."""

    def __init__(self, program: str, folder: Path, port: int, extra: str) -> None:
        self.port = port
        self._program = program
        self._folder = folder
        self.config = folder / "mosquitto.conf"
        self.config.write_text(
            f"listener {port} 127.0.0.1\npersistence true\npersistence_location {folder}/\nuser root\n"
            f"{extra or 'allow_anonymous true'}\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self._folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-v", "-c", str(self.config)], stdout=log, stderr=subprocess.STDOUT
            )

    def stop(self) -> None:
        """End in good order: subscriptions and queues are written down."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def kill(self) -> None:
        """End at once: what it kept in memory, subscriptions too, is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)
            self._process = None


class Recorder:
    """Subscribes to everything and keeps it; the broker keeps its subscription while either of them is away."""

    def __init__(self, port: int, *, username: str | None = None, password: str | None = None) -> None:
        self.messages: list[tuple[str, Message]] = []
        self.snapshots: dict[str, bytes] = {}
        self._subscribed = threading.Event()
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id="recorder",
            clean_session=False,
            protocol=MQTTProtocolVersion.MQTTv311,
        )
        if username is not None:
            self._client.username_pw_set(username, password)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe("skerry/#", qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._note
        self._client.connect_async("127.0.0.1", port, keepalive=60)

    def start(self) -> None:
        self._client.loop_start()
        assert self._subscribed.wait(30), "the recorder could not subscribe"

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _note(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        topic = parse_topic(message.topic)
        if topic.kind in DOWN_KINDS:
            return
        if topic.kind == "snapshot":
            assert topic.item is not None
            self.snapshots[topic.item] = message.payload
            return
        decoded = decode(topic.kind, message.payload)
        assert isinstance(decoded, Message)
        self.messages.append((topic.kind, decoded))

    def of(self, kind: type[Any]) -> list[Any]:
        return [message for _, message in list(self.messages) if isinstance(message, kind)]

    @property
    def statuses(self) -> list[Status]:
        return self.of(Status)

    @property
    def events(self) -> list[Event]:
        return self.of(Event)

    @property
    def heartbeats(self) -> list[Heartbeat]:
        return self.of(Heartbeat)

    @property
    def states(self) -> list[str]:
        """The states announced so far, without repetitions."""
        states = [status.state for status in self.statuses]
        return [state for index, state in enumerate(states) if index == 0 or states[index - 1] != state]


def inline_toml(value: object) -> str:
    """Return a value as TOML on one line; JSON's strings, numbers and truth values are TOML's too."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {inline_toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(inline_toml(inner) for inner in value) + "]"
    return json.dumps(value)


class AgentProcess:
    """`skerry agent run` with a configuration, its output in files."""

    def __init__(self, folder: Path, config: dict[str, Any], environment: dict[str, str], stdin: Any) -> None:
        self.folder = folder
        config_file = folder / "agent.toml"
        config_file.write_text("".join(f"{key} = {inline_toml(value)}\n" for key, value in config.items()))
        self._stdout, self._stderr = folder / "stdout.txt", folder / "stderr.txt"
        skerry = [sys.executable, "-c", "from skerry_edge.cli import main; main()"]
        self._command = [*skerry, "agent", "run", "--config", str(config_file)]
        self._environment = {**os.environ, **environment}
        self.process = self._run(stdin)

    def _run(self, stdin: Any) -> subprocess.Popen[bytes]:
        with self._stdout.open("ab") as out, self._stderr.open("ab") as err:
            return subprocess.Popen(
                self._command, stdin=stdin, stdout=out, stderr=err, cwd=self.folder, env=self._environment
            )

    def start_again(self) -> None:
        """Run it once more where it ran before, after it has ended."""
        self.process = self._run(subprocess.DEVNULL)

    @property
    def output(self) -> str:
        return self._stdout.read_text()

    @property
    def log(self) -> str:
        return self._stderr.read_text()

    def children(self) -> list[psutil.Process]:
        try:
            found = psutil.Process(self.process.pid).children()
        except psutil.NoSuchProcess:
            return []
        return [one for one in found if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]

    def stop(self) -> int:
        """End it as systemd does, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)


@pytest.fixture
def is_gone() -> Callable[[psutil.Process], bool]:
    """Return a function that tells whether a process has ended, reaped or not."""

    def ended(process: psutil.Process) -> bool:
        try:
            return bool(process.status() == psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return True

    return ended


@pytest.fixture
def make_mosquitto(
    need_program: Callable[[str], str],
    free_port: Callable[[], int],
    tmp_path_factory: pytest.TempPathFactory,
    answers: Callable[[int], None],
) -> Iterator[Callable[..., Mosquitto]]:
    """Return a function that starts a mosquitto with some configuration of its own."""
    program = need_program("mosquitto")
    started: list[Mosquitto] = []

    def make(extra: str = "") -> Mosquitto:
        broker = Mosquitto(program, tmp_path_factory.mktemp("mosquitto"), free_port(), extra)
        started.append(broker)
        broker.start()
        answers(broker.port)
        return broker

    yield make
    for broker in started:
        broker.stop()


@pytest.fixture
def answers(eventually: Eventually) -> Callable[[int], None]:
    """Return a function that waits until something listens on a port of loopback."""

    def open_once(port: int) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    return lambda port: eventually(lambda: open_once(port), what=f"a broker on port {port}")


@pytest.fixture
def mosquitto(make_mosquitto: Callable[..., Mosquitto]) -> Mosquitto:
    """A running mosquitto that anybody may use."""
    return make_mosquitto()


@pytest.fixture
def make_recorder() -> Iterator[Callable[..., Recorder]]:
    """Return a function that subscribes a recorder at a port."""
    started: list[Recorder] = []

    def make(port: int, **login: str) -> Recorder:
        recorder = Recorder(port, **login)
        started.append(recorder)
        recorder.start()
        return recorder

    yield make
    for recorder in started:
        recorder.stop()


@pytest.fixture
def hear() -> Iterator[Callable[..., list[tuple[str, bytes]]]]:
    """Return a function that lists what comes under any topic of a broker, and says one retained thing there."""
    clients: list[Client] = []

    def listen(port: int, topic: str, *, say: tuple[str, bytes] | None = None) -> list[tuple[str, bytes]]:
        heard: list[tuple[str, bytes]] = []
        client = Client(CallbackAPIVersion.VERSION2)
        client.reconnect_delay_set(1, 1)
        client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
        client.on_message = lambda _client, _userdata, message: heard.append((message.topic, message.payload))
        client.connect("127.0.0.1", port)
        client.loop_start()
        clients.append(client)
        if say is not None:
            client.publish(*say, qos=1, retain=True).wait_for_publish(10)
        return heard

    yield listen
    for client in clients:
        client.disconnect()
        client.loop_stop()


@pytest.fixture
def recorder(mosquitto: Mosquitto, make_recorder: Callable[..., Recorder]) -> Recorder:
    """What arrives at the running mosquitto."""
    return make_recorder(mosquitto.port)


@pytest.fixture
def start_agent(tmp_path: Path) -> Iterator[Callable[..., AgentProcess]]:
    """Return a function that starts an agent with some pipelines for the broker at a port."""
    started: list[AgentProcess] = []

    def start(
        port: int,
        pipelines: list[dict[str, Any]],
        *,
        mqtt: dict[str, Any] | None = None,
        environment: dict[str, str] | None = None,
        stdin: Any = subprocess.DEVNULL,
        **top: Any,
    ) -> AgentProcess:
        folder = tmp_path / f"agent-{len(started)}"
        folder.mkdir()
        config = {
            "site": "garden",
            "device": "cam-1",
            "board": "generic-x86",
            "state_dir": "state",
            "heartbeat_interval_s": 0.5,
            "mqtt": {"url": f"mqtt://127.0.0.1:{port}", "reconnect_within_s": 0.5, **(mqtt or {})},
            "pipelines": pipelines,
            **top,
        }
        agent = AgentProcess(folder, config, environment or {}, stdin)
        started.append(agent)
        return agent

    yield start
    for agent in started:
        if agent.process.poll() is None:
            agent.kill()

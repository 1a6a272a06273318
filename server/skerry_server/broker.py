"""A broker of our own on loopback, for the demo and for one machine: `iotcore` in a wheel, or `mosquitto`.

Both speak MQTT 5, keep retained messages, wills and the sessions of clients that are away; neither keeps anything
over its own restart here, since both write nothing to disk.
"""

from __future__ import annotations

import abc
import importlib.util
import os
import pwd
import shutil
import socket
import sys
import time
from pathlib import Path
from typing import Protocol

from skerry_edge.foundation.errors import MissingError, ReachError
from skerry_edge.foundation.extras import install_hint
from skerry_server.leash import LeashedProcess

START_S = 15.0
POLL_S = 0.02
MAX_PAYLOAD_BYTES = 300 * 1024
"""The largest payload of the contract, a snapshot of 256 KiB, with room to spare."""
SBIN = "/usr/sbin:/usr/local/sbin"
"""Debian keeps daemons where an ordinary user's PATH does not look."""

# https://github.com/bytebeamio/rumqtt/blob/main/rumqttd/rumqttd.toml; a slow session may fall behind by segments.
_RUMQTTD = """\
id = 0

[router]
id = 0
max_connections = 2000
max_outgoing_packet_count = 200
max_segment_size = 10485760
max_segment_count = 10

[v5.1]
name = "v5"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1

[v5.1.connections]
connection_timeout_ms = 60000
max_payload_size = {max_payload}
max_inflight_count = 500
dynamic_filters = true
"""

_MOSQUITTO = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
user {user}
max_inflight_messages 500
max_queued_messages 100000
max_packet_size {max_payload}
log_dest stderr
log_type error
log_type warning
"""


class Broker(Protocol):
    """A broker that runs until it is told to stop."""

    def start(self) -> str:
        """Start it, wait until it answers, and return its URL. Raises ReachError and MissingError."""
        ...

    def stop(self) -> None:
        """End it."""
        ...


class _ProgramBroker(abc.ABC):
    """What both brokers share: a free port, a configuration file, a program on a leash."""

    name: str

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        self._folder = folder
        self._port = port
        self._process: LeashedProcess | None = None

    def start(self) -> str:
        """Start it, wait until it answers, and return its URL. Raises ReachError and MissingError."""
        # Kept for the next start: its clients know this address.
        self._port = port = claim_port(self._port)
        command = self._command(port)
        log_file = self._folder / f"{self.name}.log"
        with log_file.open("wb") as log:
            self._process = LeashedProcess(command, output=log)
        try:
            self._wait(port, log_file)
        except ReachError:
            self.stop()
            raise
        return f"mqtt://127.0.0.1:{port}"

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.stop()

    @abc.abstractmethod
    def _command(self, port: int) -> list[str]:
        """Write the configuration and return the command. Raises MissingError."""

    def _wait(self, port: int, log_file: Path) -> None:
        end = time.monotonic() + START_S
        while not _answers(port):
            ended = self._process is None or self._process.exit_code() is not None
            if ended or time.monotonic() > end:
                found = log_file.read_text("utf-8", "replace").strip()[-400:] or "no output"
                raise ReachError(f"the broker '{self.name}' did not start", where=f"127.0.0.1:{port}", found=found)
            time.sleep(POLL_S)


class IotcoreBroker(_ProgramBroker):
    """rumqttd from the wheel `iotcore`; MQTT 5 only, since it needs another port for 3.1.1."""

    name = "iotcore"

    def _command(self, port: int) -> list[str]:
        if importlib.util.find_spec("iotcore") is None:
            raise MissingError("the embedded broker is not installed", todo=install_hint("server"))
        path = self._folder / "rumqttd.toml"
        path.write_text(_RUMQTTD.format(port=port, max_payload=MAX_PAYLOAD_BYTES))
        return [sys.executable, "-m", "iotcore", "--config", str(path), "--log-level", "CRITICAL"]


class MosquittoBroker(_ProgramBroker):
    """Eclipse Mosquitto from the PATH, in this user's name."""

    name = "mosquitto"

    def _command(self, port: int) -> list[str]:
        program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:{SBIN}")
        if program is None:
            raise MissingError("there is no mosquitto on the PATH", todo="apt install mosquitto")
        path = self._folder / "mosquitto.conf"
        user = pwd.getpwuid(os.getuid()).pw_name
        path.write_text(_MOSQUITTO.format(port=port, user=user, max_payload=MAX_PAYLOAD_BYTES))
        return [program, "-c", str(path)]


def own_broker(folder: Path, *, port: int = 0) -> IotcoreBroker | MosquittoBroker:
    """Return the embedded broker, or mosquitto where the wheel is not installed; ``name`` tells which."""
    kind = IotcoreBroker if importlib.util.find_spec("iotcore") is not None else MosquittoBroker
    return kind(folder, port=port)


def claim_port(port: int) -> int:
    """Return ``port`` after making sure that it is free on loopback; 0 asks for any. Raises ReachError."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ReachError(
                "the port is in use", where=f"127.0.0.1:{port}", todo="stop the other program, or take another port"
            ) from error
        chosen: int = probe.getsockname()[1]
        return chosen


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1.0):
            return True
    except OSError:
        return False

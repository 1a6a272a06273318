"""The programs that faults strike: a real broker and a real agent, each a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from skerry_edge.contracts.topics import KINDS_WITH_ID, UP_KINDS

_END_S = 20.0
RULES = "rules"
"""The folder with the broker's access rules, which it reads when it starts; empty, it has none and allows all."""


class Program:
    """A process that can be started again after any end; its output goes to a file."""

    def __init__(self, arguments: list[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.log = log
        self._arguments = arguments
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if running and self._process is not None else None

    def start(self) -> None:
        """Start it."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._arguments, stdout=log, stderr=subprocess.STDOUT, env=self._environment
            )

    def reload(self) -> None:
        """Have it read its configuration again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGHUP)

    def kill(self) -> None:
        """End it at once, as a power button does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> int | None:
        """End it in good order and return its exit code; kill it where it does not end."""
        if self._process is None:
            return None
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return None


def mosquitto(folder: Path, port: int) -> Program:
    """Return Mosquitto, which keeps on disk what it acknowledges. Raises FileNotFoundError where it is missing."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        raise FileNotFoundError("the program mosquitto is not installed")
    rules = folder / RULES
    rules.mkdir(exist_ok=True)
    settings = folder / "mosquitto.conf"
    settings.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\nmax_queued_messages 0\ninclude_dir {rules}\n"
        f"persistence true\npersistence_location {folder}/\nautosave_on_changes true\nautosave_interval 1\n",
        encoding="utf-8",
    )
    return Program([program, "-c", str(settings)], folder / "mosquitto.log")


def allow_all(rules: Path) -> None:
    """Have a broker that starts with these rules take everything."""
    (rules / "rules.conf").unlink()


def forbid(rules: Path, kind: str) -> None:
    """Have a broker that starts with these rules take everything from devices but one kind of message.

    Mosquitto 2.0.11 with such rules acknowledges what is for a subscriber without a user name that has not come back
    since the broker's start, and drops it: it finds the rules of a session that it kept by its name.
    """
    kinds = [one for one in UP_KINDS if one != kind]
    lines = [
        "topic read #",
        *(f"topic write skerry/v1/+/+/{one}{'/+' if one in KINDS_WITH_ID else ''}" for one in kinds),
    ]
    (rules / "list").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (rules / "rules.conf").write_text(f"acl_file {rules}/list\n", encoding="utf-8")


def agent(folder: Path, settings: dict[str, Any], environment: Mapping[str, str] | None = None) -> Program:
    """Return `skerry agent run` with a configuration."""
    file = configure(folder, settings)
    skerry = [sys.executable, "-c", "from skerry_edge.cli import main; main()"]
    return Program([*skerry, "agent", "run", "--config", str(file)], folder / "agent.log", environment)


def configure(folder: Path, settings: dict[str, Any]) -> Path:
    """Write an agent's configuration, and return its file."""
    file = folder / "agent.toml"
    file.write_text("".join(f"{key} = {_inline(value)}\n" for key, value in settings.items()), encoding="utf-8")
    return file


def children(pid: int) -> list[int]:
    """Return the process ids of an agent's pipelines."""
    try:
        return [one.pid for one in psutil.Process(pid).children() if one.status() != psutil.STATUS_ZOMBIE]
    except psutil.NoSuchProcess:
        return []


def free_port() -> int:
    """Return a TCP port on loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _inline(value: object) -> str:
    """Return a value as TOML on one line; JSON's strings, numbers and truth values are TOML's too."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_inline(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_inline(inner) for inner in value) + "]"
    return json.dumps(value)

"""The programs beside a fleet's server, for tests, faults and figures alike: mosquitto, two stores, and probes."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from chaos.programs import Program, free_port

SKERRY = [sys.executable, "-c", "from skerry_edge.cli import main; main()"]
# Without a limit on what it has on the way or waiting: what mosquitto cannot place it drops without a word.
_MOSQUITTO = """\
listener {port} 127.0.0.1
allow_anonymous true
user root
max_inflight_messages 0
max_queued_messages 0
{persistence}
"""
_INFLUXD = """\
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
[http]
  bind-address = "127.0.0.1:{http}"
  log-enabled = false
[monitor]
  store-enabled = false
"""


def mosquitto_of_fleet(folder: Path, port: int, *, persistence: str) -> Program:
    """Return mosquitto with ``persistence`` among its settings. Raises FileNotFoundError where it is missing."""
    settings = folder / "mosquitto.conf"
    settings.write_text(_MOSQUITTO.format(port=port, persistence=persistence))
    return Program([find("mosquitto"), "-c", str(settings)], folder / "mosquitto.log")


def influxd(folder: Path, port: int) -> Program:
    """Return InfluxDB 1.x, which keeps its files under ``folder``. Raises FileNotFoundError where it is missing."""
    home = folder / "influxdb"
    home.mkdir(exist_ok=True)
    settings = home / "influxdb.conf"
    settings.write_text(_INFLUXD.format(rpc=free_port(), http=port, folder=home))
    return Program([find("influxd"), "run", "-config", str(settings)], folder / "influxd.log")


def victoria_metrics(folder: Path, port: int, *flags: str) -> Program:
    """Return VictoriaMetrics, started with ``flags`` besides, which keeps its files under ``folder``.

    Raises FileNotFoundError where it is missing.
    """
    home = folder / "victoria-metrics"
    usual = (f"-storageDataPath={home}", "-retentionPeriod=100y", "-search.latencyOffset=0s")
    command = [find("victoria-metrics"), f"-httpListenAddr=127.0.0.1:{port}", *usual, *flags]
    return Program(command, folder / "victoria-metrics.log")


def readiness(port: int) -> dict[str, Any]:
    """Return what a server says of itself at /readyz, an empty table while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        found = json.load(error)
    except OSError:
        return {}
    return found


def answers(port: int) -> bool:
    """Tell whether something listens on a port of this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def find(program: str) -> str:
    """Return a program's path. Raises FileNotFoundError."""
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise FileNotFoundError(f"the program {program} is not installed: run `make deps` as root")
    return found

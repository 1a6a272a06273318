"""The agent's own update: built in a slot, started by the launcher, committed by the new one or undone by the old."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import os
import site
import subprocess
import sys
import tarfile
import threading
import venv
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chaos.ota_repositories import BOARD, Rig, agent_release, make_rig, tar_of
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

import skerry_edge
from skerry_edge.contracts.updates import UpdateReport
from skerry_edge.ota import launcher
from skerry_edge.ota.slots.slots import Slots

SHIM = """
import sys
sys.path += {paths!r}
__path__.append({package!r})
__version__ = {version!r}
"""
"""The code of this tree under another version: what a slot holds, without the tree's wheels."""
BROKEN = """
import sys

def main():
    raise SystemExit(0 if "--help" in sys.argv else "this release does not start")
"""


def import_paths() -> list[str]:
    """Return where this tree and all that it needs are imported from."""
    return [*site.getsitepackages(), *filter(None, os.environ.get("PYTHONPATH", "").split(":"))]


def install(folder: Path) -> Path:
    """Make an environment with this tree's agent, as an installation does, and return its program."""
    venv.create(folder, with_pip=False)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "tree.pth").write_text("\n".join(import_paths()))
    program = folder / "bin" / "skerry"
    program.write_text(f"#!{folder}/bin/python\nfrom skerry_edge.cli import main\nmain()\n")
    program.chmod(0o755)
    return program


def wheel(version: str, *, starts: bool) -> tuple[str, bytes]:
    """Return the name and bytes of a wheel that is this tree's agent under another version."""
    package = str(Path(skerry_edge.__file__).parent)
    files = {"skerry_edge/__init__.py": SHIM.format(paths=import_paths(), package=package, version=version)}
    if not starts:
        files["skerry_edge/cli.py"] = BROKEN
    info = f"skerry-{version}.dist-info"
    files |= {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: skerry\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\nskerry = skerry_edge.cli:main\n"
        "[skerry.commands]\nagent = skerry_edge.agent.cli:agent\n",
    }
    lines = [f"{name},sha256={_digest(text)},{len(text)}" for name, text in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,"]) + "\n"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return f"skerry-{version}-py3-none-any.whl", buffer.getvalue()


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def publish(rig: Rig, version: str, counter: int, *, starts: bool = True) -> None:
    name, data = wheel(version, starts=starts)
    pin = f"skerry=={version} --hash=sha256:{hashlib.sha256(data).hexdigest()}\n".encode()
    members = [(tarfile.TarInfo("requirements.txt"), pin), (tarfile.TarInfo(f"wheels/{name}"), data)]
    rig.publish(agent_release(version, counter), tar_of(members))


class Launched:
    """An agent that its launcher starts again and again, as systemd would."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._command = command
        self._folder = folder
        self._is_over = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        with (self._folder / "log.txt").open("ab") as log:
            while not self._is_over.is_set():
                self._process = subprocess.Popen(
                    self._command, stdout=log, stderr=log, cwd=self._folder, env=environment
                )
                self._process.wait()

    def stop(self) -> None:
        self._is_over.set()
        while self._thread.is_alive():
            if self._process is not None:
                with contextlib.suppress(ProcessLookupError):
                    self._process.terminate()
            self._thread.join(0.2)


@pytest.fixture
def device(tmp_path: Path, mosquitto, recorder, eventually) -> Iterator[Callable[[Rig], Slots]]:
    """Return a function that launches an agent which trusts a repository, and gives its slots."""
    started: list[Launched] = []

    def launch(rig: Rig) -> Slots:
        state, config = tmp_path / "state", tmp_path / "agent.toml"
        state.mkdir()
        mirror = str(rig.repository.metadata.parent)
        config.write_text(
            f'site = "garden"\ndevice = "cam-1"\nboard = "{BOARD}"\nstate_dir = "{state}"\nheartbeat_interval_s = 0.5\n'
            f'[mqtt]\nurl = "mqtt://127.0.0.1:{mosquitto.port}"\nreconnect_within_s = 0.5\n'
            '[[pipelines]]\nkind = "synthetic"\nname = "beat"\n'
            f'[ota]\nmirrors = ["{mirror}"]\nroot = "{rig.root}"\nspread_s = 0\nreserve_mb = 0\n'
        )
        base = install(tmp_path / "base")
        command = [sys.executable, launcher.__file__, str(state), str(base), "agent", "run", "--config", str(config)]
        started.append(Launched(command, tmp_path))
        eventually(lambda: recorder.heartbeats, what="the agent that was installed")
        return Slots(state)

    yield launch
    for one in started:
        one.stop()


def order(port: int, version: str, counter: int) -> None:
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    wanted = {"id": "r1", "version": version, "counter": counter, "probation_s": 2, "deadline_s": 300}
    desired: dict[str, Any] = {"v": 1, "version": 1, "ts": 1, "updates": {"agent/skerry": wanted}}
    client.publish("skerry/v1/garden/cam-1/desired", json.dumps(desired), qos=1, retain=True).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def final(recorder) -> UpdateReport | None:
    return next((one for one in recorder.of(UpdateReport) if one.outcome != "under-way"), None)


def test_a_new_agent_proves_itself_in_its_slot_and_stays(
    device, mosquitto, recorder, eventually, tmp_path: Path
) -> None:
    rig = make_rig(tmp_path / "fleet")
    publish(rig, "9.9.9", 2)
    slots = device(rig)
    order(mosquitto.port, "9.9.9", 2)
    eventually(lambda: final(recorder), what="the outcome", deadline_s=90.0)
    ended = final(recorder)
    assert (ended.outcome, ended.from_version) == ("committed", skerry_edge.__version__), ended
    assert (slots.current, slots.on_trial) == ("a", None)
    eventually(lambda: recorder.heartbeats[-1].agent_version == "9.9.9", what="work of the new agent")


def test_an_agent_that_does_not_start_is_undone_after_three_tries(
    device, mosquitto, recorder, eventually, tmp_path: Path
) -> None:
    rig = make_rig(tmp_path / "fleet")
    publish(rig, "9.9.8", 2, starts=False)
    slots = device(rig)
    order(mosquitto.port, "9.9.8", 2)
    eventually(lambda: final(recorder), what="the outcome", deadline_s=90.0)
    ended = final(recorder)
    assert (ended.outcome, ended.reason) == ("rolled-back", "crashed"), ended
    assert "3 starts" in ended.detail
    assert (slots.current, slots.on_trial) == (None, None)
    assert recorder.heartbeats[-1].agent_version == skerry_edge.__version__

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
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from chaos.ota_repositories import BOARD, Rig, agent_release, make_rig, tar_of
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

import skerry_boards
import skerry_edge
from skerry_edge.agent.updates.substitute import PASSED_OVER
from skerry_edge.contracts.messages import Event
from skerry_edge.contracts.updates import UpdateReport
from skerry_edge.ota import launcher
from skerry_edge.ota.instants import now
from skerry_edge.ota.slots.slots import Slots
from skerry_server.releases.stick import StickPlan, export_stick

SHIM = """
import sys
sys.path += {paths!r}
__path__.append({package!r})
__version__ = {version!r}
"""
"""The code of this tree under another version: what a slot holds, without the tree's wheels."""
REFUSES = """
import sys

def main():
    raise SystemExit(0 if "--help" in sys.argv else 2)
"""
"""Ends as an agent does that does not understand the configuration; the service must be started again all the same."""
IDLE = """
import sys
from importlib.util import module_from_spec, spec_from_file_location

def main():
    spec = spec_from_file_location("skerry_edge.tree_cli", {package!r} + "/cli.py")
    cli = module_from_spec(spec)
    spec.loader.exec_module(cli)
    if "--help" not in sys.argv:
        from skerry_edge.agent.updates.updates import Updates
        Updates.act = lambda self, now_s: now_s + 1.0
    cli.main()
"""
"""Runs and sends heartbeats, and does nothing for its own update any more."""
PACKAGE = str(Path(skerry_edge.__file__).parent)
UNIT = Path(PACKAGE, "agent/install/data/skerry-agent.service").read_text()


def import_paths() -> list[str]:
    """Return where this tree and all that it needs are imported from, however the tree itself is installed."""
    trees = [str(Path(found).parent) for package in (skerry_edge, skerry_boards) for found in package.__path__]
    return [*trees, *site.getsitepackages()]


def install(folder: Path) -> Path:
    """Make an environment with this tree's agent, as an installation does, and return its program."""
    venv.create(folder, with_pip=False)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "tree.pth").write_text("\n".join(import_paths()))
    program = folder / "bin" / "skerry"
    program.write_text(f"#!{folder}/bin/python\nfrom skerry_edge.cli import main\nmain()\n")
    program.chmod(0o755)
    return program


def wheel(version: str, cli: str | None = None) -> tuple[str, bytes]:
    """Return the name and bytes of a wheel that is this tree's agent under another version, or with another `cli`."""
    files = {"skerry_edge/__init__.py": SHIM.format(paths=import_paths(), package=PACKAGE, version=version)}
    if cli is not None:
        files["skerry_edge/cli.py"] = cli.format(package=PACKAGE)
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


def publish(rig: Rig, version: str, counter: int, *, cli: str | None = None, pinned: bytes = b"") -> None:
    """Publish an agent; ``pinned`` are other bytes, whose hash is the one that is pinned."""
    name, data = wheel(version, cli)
    pin = f"skerry=={version} --hash=sha256:{hashlib.sha256(pinned or data).hexdigest()}\n".encode()
    members = [(tarfile.TarInfo("requirements.txt"), pin), (tarfile.TarInfo(f"wheels/{name}"), data)]
    rig.publish(agent_release(version, counter), tar_of(members))


class Launched:
    """An agent that its launcher starts again and again, as systemd would by the unit's own rule."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._command = command
        self._folder = folder
        self._is_over = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        # What must have no part in how a slot is built: pip's settings, and a module in its place.
        elsewhere = self._folder / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "pip.py").write_text("raise SystemExit('not the pip that was asked for')")
        astray = {"PIP_TARGET": str(elsewhere / "target"), "PYTHONPATH": str(elsewhere)}
        environment = {**os.environ, **astray}
        with (self._folder / "log.txt").open("ab") as log:
            while not self._is_over.is_set():
                self._process = subprocess.Popen(
                    self._command, stdout=log, stderr=log, cwd=self._folder, env=environment
                )
                code = self._process.wait()
                if f"RestartPreventExitStatus={code}" in UNIT:
                    return

    def kill(self) -> None:
        """End it as the kernel does: by its process id, which every start of it has."""
        assert self._process is not None
        self._process.kill()

    def stop(self) -> None:
        self._is_over.set()
        while self._thread.is_alive():
            if self._process is not None:
                with contextlib.suppress(ProcessLookupError):
                    self._process.terminate()
            self._thread.join(0.2)


@dataclass(frozen=True)
class Device:
    """A launched agent; ``slots`` are as anybody sees them who does not run from one."""

    slots: Slots
    agent: Launched


@pytest.fixture
def device(tmp_path: Path, mosquitto, recorder, eventually) -> Iterator[Callable[[Rig], Device]]:
    """Return a function that launches an agent which trusts a repository."""
    started: list[Launched] = []

    def launch(rig: Rig) -> Device:
        state, config = tmp_path / "state", tmp_path / "agent.toml"
        state.mkdir()
        mirror = str(rig.repository.metadata.parent)
        config.write_text(
            f'site = "garden"\ndevice = "cam-1"\nboard = "{BOARD}"\nstate_dir = "{state}"\nheartbeat_interval_s = 0.5\n'
            f'[mqtt]\nurl = "mqtt://127.0.0.1:{mosquitto.port}"\nreconnect_within_s = 0.5\n'
            '[[pipelines]]\nkind = "synthetic"\nname = "beat"\n'
            f'[ota]\nmirrors = ["{mirror}"]\nroot = "{rig.root}"\nspread_s = 0\nreserve_mb = 0\n'
            "[ota.limits]\nleast_probation_s = 0\n"
        )
        base = install(tmp_path / "base")
        launched = [sys.executable, "-I", "-S", launcher.__file__, str(state), str(base)]
        started.append(Launched([*launched, "agent", "run", "--config", str(config)], tmp_path))
        eventually(lambda: recorder.heartbeats, what="the agent that was installed")
        return Device(slots=Slots(state), agent=started[0])

    yield launch
    for one in started:
        one.stop()


def order(port: int, version: str, counter: int, *, number: int = 1) -> None:
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    wanted = {"id": f"r{number}", "version": version, "counter": counter, "probation_s": 3, "deadline_s": 300}
    desired: dict[str, Any] = {"v": 1, "version": number, "ts": 1, "updates": {"agent/skerry": wanted}}
    client.publish("skerry/v1/garden/cam-1/desired", json.dumps(desired), qos=1, retain=True).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


@pytest.fixture
def final(recorder, eventually) -> Callable[..., UpdateReport]:
    """Return a function that waits for how an order ended."""

    def found(number: int) -> UpdateReport | None:
        ended = (one for one in recorder.of(UpdateReport) if one.outcome != "under-way" and one.order == f"r{number}")
        return next(ended, None)

    def wait(number: int = 1) -> UpdateReport:
        eventually(lambda: found(number), what=f"the outcome of order {number}", deadline_s=120.0)
        ended = found(number)
        assert ended is not None
        return ended

    return wait


def test_a_new_agent_that_is_killed_in_probation_proves_itself_and_there_is_a_way_back(
    device, mosquitto, recorder, eventually, final, tmp_path: Path
) -> None:
    rig = make_rig(tmp_path / "fleet")
    publish(rig, "9.9.9", 2)
    one = device(rig)
    order(mosquitto.port, "9.9.9", 2)
    eventually(lambda: [r for r in recorder.of(UpdateReport) if r.state == "probation"], what="probation")
    one.agent.kill()
    ended = final()
    assert (ended.outcome, ended.from_version) == ("committed", skerry_edge.__version__), ended
    assert (one.slots.current, one.slots.on_trial) == ("a", None)
    eventually(lambda: recorder.heartbeats[-1].agent_version == "9.9.9", what="work of the new agent")
    # What the server orders to undo the first update of all: the version that was installed.
    order(mosquitto.port, skerry_edge.__version__, 1, number=2)
    back = final(2)
    assert (back.outcome, back.from_version) == ("committed", "9.9.9"), back
    assert (one.slots.good, one.slots.on_trial) == (launcher.BASE, None)
    assert recorder.heartbeats[-1].agent_version == skerry_edge.__version__


def test_an_agent_that_does_not_start_is_undone_after_three_tries(
    device, mosquitto, recorder, final, tmp_path: Path
) -> None:
    rig = make_rig(tmp_path / "fleet")
    publish(rig, "9.9.8", 2, cli=REFUSES)
    one = device(rig)
    order(mosquitto.port, "9.9.8", 2)
    ended = final()
    assert (ended.outcome, ended.reason) == ("rolled-back", "crashed"), ended
    assert "3 starts" in ended.detail
    assert (one.slots.current, one.slots.on_trial) == (None, None)
    assert recorder.heartbeats[-1].agent_version == skerry_edge.__version__


def test_an_agent_that_runs_and_never_confirms_is_ended_at_its_deadline(
    device, mosquitto, recorder, eventually, final, tmp_path: Path
) -> None:
    rig = make_rig(tmp_path / "fleet")
    publish(rig, "9.9.7", 2, cli=IDLE)
    one = device(rig)
    order(mosquitto.port, "9.9.7", 2)
    eventually(lambda: recorder.heartbeats[-1].agent_version == "9.9.7", what="work of the new agent", deadline_s=120.0)
    # Five minutes are too long for a test: the next start of it has two seconds left.
    path = one.slots.folder / launcher.TRIAL
    trial = json.loads(path.read_text())
    path.write_text(json.dumps({**trial, "deadline_s": trial["spent_s"] + now().since_boot_s - trial["at_s"] + 2.0}))
    one.agent.kill()
    ended = final()
    assert (ended.outcome, ended.reason) == ("rolled-back", "crashed"), ended
    assert "not confirmed within" in ended.detail
    assert one.slots.good == launcher.BASE


def test_a_slot_that_cannot_be_built_changes_nothing_and_one_that_dies_is_passed_over(
    device, mosquitto, recorder, eventually, final, tmp_path: Path
) -> None:
    rig = make_rig(tmp_path / "fleet")
    publish(rig, "9.9.5", 2, pinned=b"other bytes")
    publish(rig, "9.9.6", 3)
    one = device(rig)
    order(mosquitto.port, "9.9.5", 2)
    ended = final()
    assert (ended.outcome, ended.reason) == ("failed", "load"), ended
    assert (one.slots.good, one.slots.kept("a")) == (launcher.BASE, None)
    order(mosquitto.port, "9.9.6", 3, number=2)
    assert final(2).outcome == "committed"
    # Its Python is upgraded under it, or its card rots: the slot that was committed cannot be imported any more.
    (module,) = one.slots.path("a").glob("lib/python*/site-packages/skerry_edge/__init__.py")
    module.write_text("raise ImportError('the card is rotten')")
    one.agent.kill()
    eventually(lambda: [e for e in recorder.of(Event) if e.label == PASSED_OVER], what="word of it", deadline_s=60.0)
    (told,) = [e for e in recorder.of(Event) if e.label == PASSED_OVER]
    assert "slot a ended 5 times" in told.message
    eventually(lambda: one.slots.good == launcher.BASE, what="the installed program for good")
    eventually(lambda: recorder.heartbeats[-1].agent_version == skerry_edge.__version__, what="its work")


def test_a_new_agent_comes_from_a_stick_and_is_known_there_afterwards(
    device, skerry, tmp_path: Path, eventually, recorder
) -> None:
    rig = make_rig(tmp_path / "fleet")
    publish(rig, "9.9.9", 2)
    stick = tmp_path / "stick"
    export_stick(rig.repository, stick, StickPlan(valid_for=timedelta(days=30)), rig.signatory, rig.now)
    slots = device(rig).slots

    def update(*options: str) -> Any:
        config = tmp_path / "agent.toml"
        return skerry("agent", "update", "--from", stick, "--config", config, "--probation", 1, "--json", *options)

    assert [(one["subject"], one["version"]) for one in update("--list").json["releases"]] == [
        ("agent/skerry", "9.9.9")
    ]
    assert update("--list", "--release", "model/doorbell").json == {"releases": []}
    run = update()
    assert (run.code, [one["outcome"] for one in run.json["releases"]]) == (0, ["committed"]), run.err
    assert (slots.current, slots.on_trial) == ("a", None)
    eventually(lambda: recorder.heartbeats[-1].agent_version == "9.9.9", what="work of the new agent")
    assert update().json == {"releases": []}

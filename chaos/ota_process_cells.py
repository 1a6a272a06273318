"""Real processes of the fault matrix: a running agent's update worker killed in each of its states, alone and with it.

The agent has no broker: what it is ordered lies on its disk, as it does after a start while the network is away.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
from msgspec.structs import replace

from chaos.ota_cells import Cell, LostError
from chaos.ota_repositories import BOARD, Rig, make_rig
from chaos.programs import Program, agent, free_port
from skerry_edge.agent.downlink.applied_file import save_applied
from skerry_edge.agent.downlink.desired import Applied
from skerry_edge.contracts.bundle import Bundle, pack
from skerry_edge.contracts.manifest import artifacts
from skerry_edge.contracts.messages import Desired, UpdateOrder
from skerry_edge.contracts.updates import UpdateState
from skerry_edge.foundation.errors import ReachError
from skerry_edge.ota.journal import JournalFile
from skerry_edge.ota.machine.transitions import PREPARING
from skerry_edge.ota.model_store import ModelStore
from skerry_edge.ota.order_book import OrderBook
from skerry_edge.ota.places import Places
from skerry_server.releases.offers import Terms, model_offers
from skerry_server.releases.publishing import publish

TABLE = "process"
DISCS = Path(__file__).parents[1] / "tests" / "discs" / "discs.skerry"
NAME, OLD, NEW = "discs", "1.0.0", "2.0.0"
SUBJECT = f"model/{NAME}"
LONGEST_S = 180.0
"""So long is waited for anything; a worker that was killed is started again after a quarter of a minute."""
_LOOK_S = 0.05
_HALT = """import json, os, signal, sys

def hear(event, arguments):
    global is_begun
    if event == "os.rename" and str(arguments[1]).endswith("/ota/journal"):
        with open(arguments[0], "rb") as file:
            record = json.loads(file.read().split(b"\\n", 1)[1]).get("record") or {}
        is_begun = record.get("state", "check") == os.environ["HALT_IN"] and record.get("entries", 0) > 0
    elif is_begun:
        is_begun = False
        with open(os.environ["HALTED"] + ".new", "w") as file:
            file.write(str(os.getpid()))
        os.rename(file.name, os.environ["HALTED"])
        os.kill(os.getpid(), signal.SIGSTOP)

is_begun = False
if "skerry_edge.ota.worker" in sys.orig_argv and not os.path.exists(os.environ["HALTED"]):
    sys.addaudithook(hear)
"""
"""A `sitecustomize` by which the first worker stops itself as soon as its journal says that a state is begun."""


def cells() -> Iterator[Cell]:
    """Yield a cell for each way to kill, in each state that the worker goes through."""
    for row, kill in KILLS.items():
        for state in PREPARING:
            yield Cell(table=TABLE, row=row, column=f"in {state}", run=partial(_killed, kill, state))


def _killed(kill: Callable[[Program, int], None], state: UpdateState, folder: Path) -> str:
    """Kill a worker that has begun a state, and see the update through."""
    halted = folder / "halted"
    running = _device(folder, {"HALT_IN": state, "HALTED": str(halted)})
    try:
        running.start()
        _wait(halted.exists, f"the worker never began {state}")
        worker = int(halted.read_text())
        kill(running, worker)
        _wait(lambda: not _lives(worker), "the worker outlives what killed it")
        places = Places(folder / "state")
        _wait(lambda: _outcome(places) is not None, "the update never ended")
    finally:
        if running.stop() != 0:
            running.kill()
    return _expect_new(places)


def _kill_worker(running: Program, worker: int) -> None:  # noqa: ARG001  # one signature for all
    os.kill(worker, signal.SIGKILL)


def _kill_group(running: Program, worker: int) -> None:  # noqa: ARG001
    """Kill the worker with all that it has started, as the agent does."""
    os.killpg(worker, signal.SIGKILL)


def _kill_agent(running: Program, worker: int) -> None:
    """Kill the agent alone, with which its worker must end, and start it anew."""
    running.kill()
    _wait(lambda: not _lives(worker), "the worker outlives its agent")
    running.start()


KILLS: dict[str, Callable[[Program, int], None]] = {
    "worker killed": _kill_worker,
    "worker's group killed": _kill_group,
    "agent killed": _kill_agent,
}


def _device(folder: Path, halt: dict[str, str]) -> Program:
    """Return an agent that looks for discs with a file of its own, and is ordered its first release."""
    rig, state, site = _rig(), folder / "state", folder / "site"
    for one in (state / "models", site):
        one.mkdir(parents=True)
    own = state / "models" / DISCS.name
    shutil.copy(DISCS, own)
    (site / "sitecustomize.py").write_text(_HALT, encoding="utf-8")
    order = UpdateOrder(id="r1", version=NEW, counter=2, probation_s=1, deadline_s=900)
    save_applied(state, Applied.of(Desired(v=1, version=1, ts=1, updates={SUBJECT: order})))
    settings: dict[str, Any] = {
        "site": "garden",
        "device": "cam-1",
        "board": BOARD,
        "state_dir": str(state),
        "mqtt": {"url": f"mqtt://127.0.0.1:{free_port()}"},
        "pipelines": [
            {
                "kind": "detection",
                "name": "gate",
                "model": str(own),
                "variant": "onnx-fp32",
                "backends": ["onnx"],
                "threads": 1,
                "source": {"kind": "images", "path": str(_scene()), "loop": True, "max_fps": 10.0},
            }
        ],
        "ota": {
            "mirrors": [str(rig.repository.metadata.parent)],
            "root": str(rig.root),
            "spread_s": 0.0,
            "reserve_mb": 0,
            "limits": {"least_probation_s": 0.0},
        },
    }
    path = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])
    return agent(folder, settings, {**halt, "PYTHONPATH": path})


def _expect_new(places: Places) -> str:
    """Return how the order ended. Raises LostError where that is not on the new version, whole and tidy."""
    known = OrderBook(places.ota).read()[SUBJECT]
    current = ModelStore(places.state_dir, NAME).linked("current")
    if known.outcome != "committed" or current is None or current.version != NEW:
        raise LostError(f"it ended with {known.outcome}: {known.reason} and runs {current}")
    if not ModelStore(places.state_dir, NAME).is_proved(current.sha256):
        raise LostError("what runs was not proved")
    left = sorted(one.name for one in places.incoming.glob("*"))
    if left or JournalFile(places.ota).read().record is not None:
        raise LostError(f"something is left: {', '.join(left) or 'the journal'}")
    return known.outcome


def _outcome(places: Places) -> str | None:
    """Return how the order ended, once nothing of it is under way any more."""
    try:
        if JournalFile(places.ota).read().record is not None:
            return None
        known = OrderBook(places.ota).read().get(SUBJECT)
    except ReachError:
        return None
    return known.outcome if known is not None else None


def _lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _wait(is_so: Callable[[], bool], else_what: str) -> None:
    until_s = time.monotonic() + LONGEST_S
    while not is_so():
        if time.monotonic() > until_s:
            raise LostError(else_what)
        time.sleep(_LOOK_S)


@cache
def _rig() -> Rig:
    """Return a repository with one release of the discs."""
    folder = Path(_RIGS.name)
    rig = make_rig(folder)
    bundle = Bundle.open(DISCS)
    newer = folder / f"{NEW}.skerry"
    files = {one.file: bundle.read(one) for one in artifacts(bundle.manifest)}
    newer.write_bytes(pack(replace(bundle.manifest, version=NEW), files))
    offers = model_offers(newer, Terms(counter=2, boards=(BOARD,)), ("onnx-fp32",))
    publish(rig.repository, offers, rig.signatory, rig.now)
    return rig


@cache
def _scene() -> Path:
    """Return the picture that the camera sees: the bundle's own, which holds discs."""
    bundle = Bundle.open(DISCS)
    path = Path(_RIGS.name) / "scene.png"
    golden = bundle.manifest.golden
    assert golden is not None  # noqa: S101  # the discs' bundle has one
    path.write_bytes(bundle.read(golden.input))
    return path


_RIGS = TemporaryDirectory(prefix="skerry-chaos-processes-")

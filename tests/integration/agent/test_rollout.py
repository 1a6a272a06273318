"""The whole way: a signed release, a rollout at a real server, its files over HTTP, a real agent that proves it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from chaos.ota_repositories import make_rig
from msgspec.structs import replace

from skerry_edge.contracts.bundle import Bundle, pack
from skerry_edge.contracts.manifest import artifacts
from skerry_server.releases.offers import Terms, model_offers
from skerry_server.releases.publishing import publish

BOARD = "generic-x86"
QUICK = {"canary": "1", "probation_s": 2, "deadline_s": 120, "gates": {"soak_s": 0}}


class Operator:
    """Publishes releases of discs, and rolls them out over the API."""

    def __init__(self, rig: Any, discs: Path, folder: Path, url: str) -> None:
        self._rig, self._discs, self._folder = rig, discs, folder
        self._http = httpx.Client(base_url=f"{url}api/v1/", trust_env=False)

    def publish(self, version: str, counter: int, **output: Any) -> None:
        bundle = Bundle.open(self._discs)
        manifest = replace(bundle.manifest, version=version, output=replace(bundle.manifest.output, **output))
        path = self._folder / f"{version}.skerry"
        path.write_bytes(pack(manifest, {one.file: bundle.read(one) for one in artifacts(bundle.manifest)}))
        offers = model_offers(path, Terms(counter=counter, boards=(BOARD,)), ("onnx-fp32",))
        publish(self._rig.repository, offers, self._rig.signatory, self._rig.now)

    def start(self, version: str) -> int:
        wish = {"kind": "model", "name": "discs", "version": version}
        number = self._http.post("rollouts", json=wish | QUICK).raise_for_status().json()["id"]
        self.act(number, "start")
        return int(number)

    def act(self, number: int, name: str) -> None:
        self._http.post(f"rollouts/{number}/{name}").raise_for_status()

    def look(self, number: int) -> dict[str, Any]:
        found: dict[str, Any] = self._http.get(f"rollouts/{number}").raise_for_status().json()
        return found

    def runs(self) -> list[str]:
        found: list[str] = self._http.get("devices/cam-1").json().get("models", [])
        return found

    def close(self) -> None:
        self._http.close()


@pytest.fixture
def operator(discs: Path, tmp_path: Path, mosquitto: Any, free_port: Callable[[], int], eventually: Any) -> Any:
    """A server with a repository of releases, and who works with it; ``.mirror`` is where devices fetch."""
    folder = tmp_path / "fleet"
    folder.mkdir()
    rig, port = make_rig(folder), free_port()
    config = tmp_path / "server.toml"
    config.write_text(
        f'[broker]\nurl = "mqtt://127.0.0.1:{mosquitto.port}"\n[http]\nport = {port}\n'
        f'[ota]\nrepository = "{rig.repository.path}"\n'
    )
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "skerry_edge", "server", "run", "--config", str(config)],
            stdout=log,
            stderr=log,
            env=os.environ | {"STATE_DIRECTORY": str(tmp_path / "server")},
        )
    url = f"http://127.0.0.1:{port}/"
    made = Operator(rig, discs, folder, url)
    made.mirror, made.root = f"{url}ota", rig.root  # type: ignore[attr-defined]  # for the agent's settings

    def is_well() -> bool:
        try:
            return httpx.get(f"{url}readyz", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    try:
        eventually(is_well, what="the server is well")
        yield made
    finally:
        made.close()
        process.terminate()
        process.wait(30)


@pytest.fixture
def device(discs: Path, tmp_path: Path, operator: Any, mosquitto: Any, start_agent: Any, eventually: Any) -> Any:
    """A real agent that looks for discs, which the server has heard of."""
    models = tmp_path / "state" / "models"
    models.mkdir(parents=True)
    shutil.copy(discs, models / "discs.skerry")
    scene = np.full((240, 320, 3), 128, np.uint8)
    cv2.circle(scene, (160, 120), 40, (0, 0, 255), -1)
    cv2.imwrite(str(tmp_path / "scene.png"), scene)
    pipeline = {
        "kind": "detection",
        "name": "gate",
        "model": str(models / "discs.skerry"),
        "variant": "onnx-fp32",
        "threads": 1,
        "backends": ["onnx"],
        "source": {"kind": "images", "path": str(tmp_path / "scene.png"), "loop": True, "max_fps": 20.0},
    }
    ota = {"mirrors": [operator.mirror], "root": str(operator.root), "spread_s": 0.0, "reserve_mb": 0}
    ota["limits"] = {"least_probation_s": 0.0}
    agent = start_agent(mosquitto.port, [pipeline], ota=ota, state_dir=str(tmp_path / "state"))
    eventually(lambda: "discs 1.0.0" in operator.runs(), what="the server knows what runs")
    return agent


def test_releases_are_rolled_out_taken_back_and_stopped_where_they_are_bad(
    operator: Any, device: Any, eventually: Any
) -> None:
    def becomes(number: int, state: str) -> dict[str, Any]:
        eventually(
            lambda: operator.look(number)["state"] == state,
            what=f"rollout {number} is {state}: {operator.look(number)}",
            deadline_s=60,
        )
        return operator.look(number)

    operator.publish("2.0.0", 2)
    first = operator.start("2.0.0")
    becomes(first, "done")
    operator.act(first, "roll-back")
    assert becomes(first, "rolled-back")["devices"] == {"returned": 1}
    eventually(lambda: operator.runs() == ["discs 1.0.0"], what="the device runs its own file, as before any release")

    assert becomes(operator.start("2.0.0"), "done")["devices"] == {"committed": 1}
    eventually(lambda: operator.runs() == ["discs 2.0.0"], what="the device runs it")

    operator.publish("3.0.0", 3)
    third = operator.start("3.0.0")
    becomes(third, "done")
    operator.act(third, "roll-back")
    assert becomes(third, "rolled-back")["devices"] == {"returned": 1}
    eventually(lambda: operator.runs() == ["discs 2.0.0"], what="the device runs the version before")

    operator.publish("4.0.0", 4, score_threshold=0.999)
    bad = becomes(operator.start("4.0.0"), "paused")
    assert [(one["state"], one["reason"]) for one in bad["failures"]] == [("failed", "accuracy")]
    assert operator.runs() == ["discs 2.0.0"]

"""`skerry agent update --from DIR`: a running agent without a network takes a model from a USB stick."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from chaos.ota_repositories import Rig, agent_release, make_rig
from msgspec.structs import replace

from skerry_edge.contracts.bundle import Bundle, pack
from skerry_edge.contracts.manifest import artifacts
from skerry_edge.ota.model_store import ModelStore
from skerry_server.releases.offers import Terms, model_offers
from skerry_server.releases.publishing import publish
from skerry_server.releases.stick import StickPlan, export_stick


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return make_rig(tmp_path / "rig")


@pytest.fixture
def stick(rig: Rig, discs: Path, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that publishes the discs as a version and exports a stick with it."""

    def make(version: str, counter: int, board: str = "generic-x86") -> Path:
        bundle = Bundle.open(discs)
        files = {one.file: bundle.read(one) for one in artifacts(bundle.manifest)}
        path = tmp_path / f"{version}.skerry"
        path.write_bytes(pack(replace(bundle.manifest, version=version), files))
        offers = model_offers(path, Terms(counter=counter, boards=(board,)), ("onnx-fp32",))
        publish(rig.repository, offers, rig.signatory, rig.now)
        folder = tmp_path / f"stick-{version}"
        export_stick(rig.repository, folder, StickPlan(valid_for=timedelta(days=30)), rig.signatory, rig.now)
        return folder

    return make


@pytest.fixture
def device(discs: Path, tmp_path: Path, rig: Rig, free_port, start_agent, eventually) -> Callable[[], Any]:
    """Return a function that starts an agent which reaches neither a broker nor a repository."""
    state = tmp_path / "state"
    (state / "models").mkdir(parents=True)
    shutil.copy(discs, state / "models" / "discs.skerry")
    cv2.imwrite(str(tmp_path / "scene.png"), np.full((240, 320, 3), 128, np.uint8))
    pipeline = {
        "kind": "detection",
        "name": "gate",
        "model": str(state / "models" / "discs.skerry"),
        "variant": "onnx-fp32",
        "threads": 1,
        "backends": ["onnx"],
        "source": {"kind": "images", "path": str(tmp_path / "scene.png"), "loop": True, "max_fps": 20.0},
    }

    def start() -> Any:
        nowhere = free_port()
        ota = {"mirrors": [f"http://127.0.0.1:{nowhere}/ota"], "root": str(rig.root), "reserve_mb": 0}
        ota["limits"] = {"least_probation_s": 0}
        agent = start_agent(nowhere, [pipeline], ota=ota, state_dir=str(state))
        eventually(lambda: agent.output, what="the agent's line")
        agent.store = ModelStore(state, "discs")
        return agent

    return start


@pytest.fixture
def update(skerry) -> Callable[..., Any]:
    """Return a function that runs `skerry agent update` beside an agent."""

    def run(agent: Any, folder: Path, *options: str) -> Any:
        config = agent.folder / "agent.toml"
        return skerry("agent", "update", "--from", folder, "--config", config, "--probation", 1, "--json", *options)

    return run


def test_the_newest_release_on_a_stick_is_proved_and_committed(device, stick, update) -> None:
    folder = stick("2.0.0", 2)
    agent = device()
    listed = update(agent, folder, "--list")
    assert (listed.code, [one["version"] for one in listed.json["releases"]]) == (0, ["2.0.0"])
    assert agent.store.linked("current") is None
    run = update(agent, folder)
    assert (run.code, run.json["releases"][0]["outcome"]) == (0, "committed"), (run.err, agent.log)
    assert agent.store.linked("current").version == "2.0.0"
    again = update(agent, folder)
    assert (again.code, again.json) == (0, {"releases": []})


def test_a_stick_that_was_changed_or_is_older_is_not_trusted(device, stick, update) -> None:
    first, second = stick("2.0.0", 2), stick("3.0.0", 3)
    agent = device()
    assert update(agent, second).code == 0
    older = update(agent, first)
    assert older.code == 4
    assert "older" in older.err
    metadata = next((second / "metadata").glob("*.targets.json"))
    metadata.write_bytes(metadata.read_bytes().replace(b"3.0.0", b"4.0.0"))
    assert update(agent, second).code in (0, 4)
    assert agent.store.linked("current").version == "3.0.0"


def test_a_file_on_the_stick_that_was_changed_ends_as_refused(device, stick, update) -> None:
    folder = stick("2.0.0", 2)
    file = next((folder / "targets").rglob("*.skerry"))
    data = file.read_bytes()
    file.write_bytes(data[:-1] + bytes((data[-1] ^ 1,)))
    assert hashlib.sha256(file.read_bytes()).hexdigest() not in file.name
    agent = device()
    run = update(agent, folder)
    assert run.code == 1
    assert (run.json["releases"][0]["outcome"], run.json["releases"][0]["reason"]) == ("refused", "hash"), agent.log
    assert agent.store.linked("current") is None


def test_what_is_for_other_boards_is_nothing_new(device, stick, update) -> None:
    folder = stick("2.0.0", 2, board="raspberry-pi-5")
    assert update(device(), folder).json == {"releases": []}


def test_without_an_agent_nothing_is_ordered(device, stick, update) -> None:
    folder = stick("2.0.0", 2)
    agent = device()
    agent.stop()
    run = update(agent, folder)
    assert run.code == 4
    assert "does not run" in run.err
    assert not list(agent.store.folder.parent.parent.glob("ota/local-orders.json"))


def test_an_agent_that_no_launcher_has_started_is_offered_no_release_of_its_own(
    device, rig: Rig, stick, update
) -> None:
    rig.publish(agent_release("9.9.9", 2), b"whatever")
    folder = stick("2.0.0", 2)
    assert [one["subject"] for one in update(device(), folder, "--list").json["releases"]] == ["model/discs"]


def test_a_model_that_cannot_be_told_is_passed_over_and_named(device, stick, update) -> None:
    folder = stick("2.0.0", 2)
    agent = device()
    (agent.store.folder.parent / "discs.skerry").write_bytes(b"no bundle")
    run = update(agent, folder, "--list")
    assert (run.code, run.json) == (0, {"releases": []})
    assert "model/discs is passed over: this is no model bundle" in run.err

"""Updates of models on a running agent: signed, switched beside the old one, watched, and undone where they are bad."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from chaos.ota_repositories import Rig, make_rig
from msgspec.structs import replace
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from skerry_edge.backends.base import BackendOptions
from skerry_edge.backends.stand_in import VARIABLE
from skerry_edge.backends.variants import open_variant
from skerry_edge.contracts.bundle import Bundle, artifact, pack
from skerry_edge.contracts.manifest import Golden, artifacts
from skerry_edge.contracts.messages import Event
from skerry_edge.contracts.updates import UpdateReport
from skerry_edge.models.golden import golden_tensor
from skerry_edge.ota.machine.health import MUCH_FOUND
from skerry_edge.ota.model_store import ModelStore
from skerry_server.releases.offers import Terms, model_offers
from skerry_server.releases.publishing import publish

BOARD = "generic-x86"
POISON = "poisoned"


def bundle_of(
    discs: Path, version: str, *, poison: bool = False, plain: bool = False, gain: float = 1.0, **output: Any
) -> bytes:
    """Return the discs' bundle as another version.

    A poisoned one holds a text that the stand-in looks for; the golden picture of a plain one shows nothing,
    and what it gave there is ``gain`` times what it gives now.
    """
    bundle = Bundle.open(discs)
    files = {one.file: bundle.read(one) for one in artifacts(bundle.manifest)}
    golden = with_plain_golden(bundle, files, gain) if plain else bundle.manifest.golden
    variant = bundle.manifest.variants["onnx-fp32"]
    if poison:
        # A protobuf's last value counts: this replaces the ONNX file's doc_string (field 6).
        files[variant.file] += b"\x32" + bytes([len(POISON)]) + POISON.encode()
        data = files[variant.file]
        variant = replace(variant, size=len(data), sha256=hashlib.sha256(data).hexdigest())
    manifest = replace(
        bundle.manifest,
        version=version,
        golden=golden,
        output=replace(bundle.manifest.output, **output),
        variants={**bundle.manifest.variants, "onnx-fp32": variant},
    )
    return pack(manifest, files)


def with_plain_golden(bundle: Bundle, files: dict[str, bytes], gain: float) -> Golden:
    """Put a grey golden picture, and what the network gives for it, among the files."""
    name = "onnx-fp32"
    variant = bundle.manifest.variants[name]
    data = cv2.imencode(".png", np.full((96, 96, 3), 127, np.uint8))[1].tobytes()
    with closing(open_variant(bundle, name, "onnx", BackendOptions())) as backend:
        values = backend.infer((golden_tensor(bundle.manifest.input, data, variant.inputs[0]),))
    written = io.BytesIO()
    np.save(written, gain * values[0])
    (before,) = bundle.manifest.golden.outputs[name]
    files |= {bundle.manifest.golden.input.file: data, before.file: written.getvalue()}
    output = artifact(before.file, files[before.file])
    others = {key: value for key, value in bundle.manifest.golden.outputs.items() if key != name}
    for one in (one for outputs in others.values() for one in outputs):
        del files[one.file]
    return Golden(input=artifact(bundle.manifest.golden.input.file, data), outputs={name: (output,)})


class Fleet:
    """A repository of releases, and an operator who orders them."""

    def __init__(self, rig: Rig, discs: Path, folder: Path, port: int) -> None:
        self.rig = rig
        self._discs = discs
        self._folder = folder
        self._version = 0
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    @property
    def settings(self) -> dict[str, Any]:
        """The agent's table `[ota]`."""
        mirror = str(self.rig.repository.metadata.parent)
        return {"mirrors": [mirror], "root": str(self.rig.root), "spread_s": 0.0, "reserve_mb": 0}

    def publish(self, version: str, counter: int, **changes: Any) -> None:
        path = self._folder / f"{version}.skerry"
        path.write_bytes(bundle_of(self._discs, version, **changes))
        offers = model_offers(path, Terms(counter=counter, boards=(BOARD,)), ("onnx-fp32",))
        publish(self.rig.repository, offers, self.rig.signatory, self.rig.now)

    def order(
        self, version: str, counter: int, *, probation_s: int = 2, name: str = "", subject: str = "model/discs"
    ) -> None:
        self._version += 1
        order = {"id": name or f"to-{version[0]}", "version": version, "counter": counter}
        limits = {"probation_s": probation_s, "deadline_s": 120}
        desired = {"v": 1, "version": self._version, "ts": 1, "updates": {subject: order | limits}}
        self._client.publish(
            "skerry/v1/garden/cam-1/desired", json.dumps(desired), qos=1, retain=True
        ).wait_for_publish(10)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def fleet(discs: Path, tmp_path: Path, mosquitto) -> Any:
    folder = tmp_path / "fleet"
    folder.mkdir()
    made = Fleet(make_rig(folder), discs, folder, mosquitto.port)
    yield made
    made.close()


@pytest.fixture
def device(
    discs: Path, tmp_path: Path, fleet: Fleet, mosquitto, start_agent, recorder, eventually
) -> Callable[..., Any]:
    """Return a function that starts an agent which looks for discs with the model in its `models` folder."""
    state = tmp_path / "state"
    (state / "models").mkdir(parents=True)
    shutil.copy(discs, state / "models" / "discs.skerry")
    scene = np.full((240, 320, 3), 128, np.uint8)
    cv2.circle(scene, (160, 120), 40, (0, 0, 255), -1)
    cv2.imwrite(str(tmp_path / "scene.png"), scene)

    def start(
        *, fault: str = "", limits: dict[str, Any] | None = None, plain: bool = False, scenes: str = "", **ota: Any
    ) -> Any:
        if plain:
            (state / "models" / "discs.skerry").write_bytes(bundle_of(discs, "1.0.0", plain=True))
        source = {"path": str(tmp_path / (scenes or "scene.png")), "max_fps": 60.0 if scenes else 20.0}
        pipeline = {
            "kind": "detection",
            "name": "gate",
            "model": str(state / "models" / "discs.skerry"),
            "variant": "onnx-fp32",
            "threads": 1,
            "progress_deadline_s": 2.0,
            "backends": ["stand-in"] if fault else ["onnx"],
            "tracking": {"lost_after_s": 0.3},
            "source": {"kind": "images", "loop": True, **source},
        }
        ota = fleet.settings | {"limits": {"least_probation_s": 0.0} | (limits or {})} | ota
        environment = {VARIABLE: f"{fault} text={POISON}"} if fault else {}
        agent = start_agent(mosquitto.port, [pipeline], ota=ota, state_dir=str(state), environment=environment)
        eventually(lambda: any(one.pipelines[0].frames for one in recorder.heartbeats), what="work on the old model")
        agent.store, agent.state = ModelStore(state, "discs"), state
        return agent

    return start


def passing_discs(folder: Path) -> None:
    """Write scenes in which six discs come and go."""
    folder.mkdir()
    empty = np.full((480, 640, 3), 128, np.uint8)
    full = empty.copy()
    for place in range(6):
        cv2.circle(full, (120 + 200 * (place % 3), 130 + 220 * (place // 3)), 40, (0, 0, 255), -1)
    for number in range(120):
        cv2.imwrite(str(folder / f"{number:03}.png"), full if number < 60 else empty)


def final(recorder, order: str) -> UpdateReport | None:
    found = [one for one in recorder.of(UpdateReport) if one.order == order and one.outcome != "under-way"]
    return found[-1] if found else None


def runs(recorder, version: str) -> bool:
    return any(
        one.pipelines[0].model_version == version and one.pipelines[0].frames for one in recorder.heartbeats[-2:]
    )


def test_a_good_release_is_switched_to_and_committed_and_the_one_before_is_a_way_back(
    fleet, device, recorder, eventually
) -> None:
    fleet.publish("2.0.0", 2)
    agent = device()
    fleet.order("2.0.0", 2)
    eventually(lambda: final(recorder, "to-2"), what="the outcome")
    assert (final(recorder, "to-2").outcome, final(recorder, "to-2").state) == ("committed", "report")
    eventually(lambda: runs(recorder, "2.0.0"), what="work on the new model")
    assert agent.store.linked("current").version == "2.0.0"
    fleet.publish("3.0.0", 3)
    fleet.order("3.0.0", 3)
    eventually(lambda: final(recorder, "to-3"), what="the outcome")
    assert (agent.store.linked("current").version, agent.store.linked("previous").version) == ("3.0.0", "2.0.0")
    fleet.order("2.0.0", 2, name="back")
    eventually(lambda: final(recorder, "back"), what="the way back")
    assert (final(recorder, "back").outcome, final(recorder, "back").from_version) == ("committed", "3.0.0")
    assert agent.store.linked("current").version == "2.0.0"
    eventually(lambda: runs(recorder, "2.0.0"), what="work on the version before")


@pytest.mark.parametrize(
    ("fault", "limits", "reason"),
    [
        ("fault=crash after=60", {}, "crashed"),
        ("fault=hang after=60", {}, "hung"),
        ("fault=slow latency_ms=10", {}, "slow"),
        ("fault=refuse", {}, "crashed"),
        ("fault=leak after=60", {"memory_growth_mb": 40.0}, "memory"),
    ],
)
def test_a_model_that_goes_bad_on_trial_is_undone(
    fault: str, limits: dict[str, Any], reason: str, fleet, device, recorder, eventually
) -> None:
    fleet.publish("2.0.0", 2, poison=True)
    agent = device(fault=fault, limits=limits)
    fleet.order("2.0.0", 2, probation_s=60)
    eventually(lambda: final(recorder, "to-2"), what="the outcome")
    ended = final(recorder, "to-2")
    assert (ended.outcome, ended.reason) == ("rolled-back", reason), ended
    assert agent.store.linked("current") is None
    eventually(lambda: runs(recorder, "1.0.0"), what="work on the old model")


def test_a_model_that_computes_something_else_on_an_accelerator_that_serves_one_process_never_sees_a_picture(
    fleet, device, recorder, eventually
) -> None:
    fleet.publish("2.0.0", 2, plain=True, gain=-1.0)
    agent = device(fault="fault=none")
    fleet.order("2.0.0", 2, probation_s=60)
    eventually(lambda: final(recorder, "to-2"), what="the outcome")
    ended = final(recorder, "to-2")
    assert ended.outcome == "rolled-back", ended
    assert "what it did when it was made" in ended.detail
    assert agent.store.linked("current") is None
    eventually(lambda: runs(recorder, "1.0.0"), what="work on the old model")
    seen = [one.pipelines[0] for one in recorder.heartbeats if one.pipelines[0].model_version == "2.0.0"]
    assert not any(one.frames for one in seen)


def test_a_model_that_sees_nothing_fails_its_self_test_and_never_runs(fleet, device, recorder, eventually) -> None:
    fleet.publish("2.0.0", 2, score_threshold=0.999)
    device()
    fleet.order("2.0.0", 2)
    eventually(lambda: final(recorder, "to-2"), what="the outcome")
    ended = final(recorder, "to-2")
    assert (ended.outcome, ended.reason) == ("failed", "accuracy"), ended
    assert not any(one.pipelines[0].model_version == "2.0.0" for one in recorder.heartbeats)


def test_a_model_that_is_blind_where_the_device_stands_fails_its_self_test(
    fleet, device, recorder, tmp_path: Path, eventually
) -> None:
    passing_discs(tmp_path / "street")
    fleet.publish("2.0.0", 2, plain=True, score_threshold=1.0)
    agent = device(plain=True, scenes="street")
    fleet.order("2.0.0", 2)
    eventually(lambda: final(recorder, "to-2"), what="the outcome")
    ended = final(recorder, "to-2")
    assert (ended.outcome, ended.reason) == ("failed", "accuracy"), ended
    assert "what the device saw last" in ended.detail
    assert not any(one.pipelines[0].model_version == "2.0.0" for one in recorder.heartbeats)
    eventually(lambda: not (agent.state / "ota" / "pictures").exists(), what="an end of the pictures")


def test_a_model_that_finds_nothing_on_trial_where_much_was_found_is_undone(
    fleet, device, recorder, tmp_path: Path, eventually
) -> None:
    passing_discs(tmp_path / "street")
    fleet.publish("2.0.0", 2, plain=True, score_threshold=1.0)
    agent = device(plain=True, scenes="street", replays=False)
    eventually(lambda: len(recorder.of(Event)) > 4 * MUCH_FOUND, what="a busy street")
    fleet.order("2.0.0", 2, probation_s=1)
    eventually(lambda: final(recorder, "to-2"), what="the outcome")
    ended = final(recorder, "to-2")
    assert (ended.outcome, ended.reason) == ("rolled-back", "accuracy"), ended
    assert agent.store.linked("current") is None
    eventually(lambda: runs(recorder, "1.0.0"), what="work on the old model")


def test_an_agent_that_is_killed_on_trial_goes_on_with_it(fleet, device, recorder, eventually) -> None:
    fleet.publish("2.0.0", 2)
    agent = device()
    fleet.order("2.0.0", 2, probation_s=3)
    eventually(lambda: any(one.state == "probation" for one in recorder.of(UpdateReport)), what="the trial")
    agent.kill()
    agent.start_again()
    eventually(lambda: final(recorder, "to-2"), what="the outcome")
    assert final(recorder, "to-2").outcome == "committed"
    eventually(lambda: runs(recorder, "2.0.0"), what="work on the new model")


def test_an_agent_without_settings_for_updates_refuses_them(
    fleet, mosquitto, start_agent, recorder, eventually
) -> None:
    start_agent(mosquitto.port, [{"kind": "synthetic", "name": "beat"}])
    fleet.order("2.0.0", 2)
    eventually(lambda: final(recorder, "to-2"), what="the outcome")
    assert (final(recorder, "to-2").outcome, final(recorder, "to-2").reason) == ("refused", "not-used")


def test_an_order_that_nothing_here_is_for_is_refused(fleet, device, recorder, eventually) -> None:
    device()
    fleet.order("2.0.0", 2, subject="model/else")
    eventually(lambda: final(recorder, "to-2"), what="the outcome")
    assert (final(recorder, "to-2").outcome, final(recorder, "to-2").reason) == ("refused", "not-used")

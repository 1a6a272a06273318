"""Updates of wake-word models on a running agent that listens all the while: real models, real sound."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chaos.ota_repositories import Rig, make_rig
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from skerry_edge.audio.model import find_model
from skerry_edge.contracts.updates import UpdateReport
from skerry_edge.ota.model_store import ModelStore
from skerry_server.releases.offers import Terms, model_offers
from skerry_server.releases.publishing import publish

BOARD = "generic-x86"
LIMITS = {"least_probation_s": 0}


class Fleet:
    """A repository of releases of "alexa", and an operator who orders them."""

    def __init__(self, rig: Rig, packed: Callable[..., bytes], folder: Path, port: int) -> None:
        self.rig = rig
        self._packed = packed
        self._folder = folder
        self._version = 0
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    @property
    def settings(self) -> dict[str, Any]:
        """The agent's table `[ota]`."""
        mirror = str(self.rig.repository.metadata.parent)
        return {
            "mirrors": [mirror],
            "root": str(self.rig.root),
            "spread_s": 0.0,
            "reserve_mb": 0,
            "limits": LIMITS,
        }

    def release(self, version: str, counter: int, *, probation_s: int = 2, **made: Any) -> str:
        """Publish a release and order it; return the order's id."""
        path = self._folder / f"{version}.skerry"
        path.write_bytes(self._packed(version, **made))
        publish(
            self.rig.repository,
            model_offers(path, Terms(counter=counter, boards=(BOARD,))),
            self.rig.signatory,
            self.rig.now,
        )
        return self.order(version, counter, probation_s=probation_s)

    def order(self, version: str, counter: int, *, probation_s: int = 2) -> str:
        self._version += 1
        order = {"id": f"order-{self._version}", "version": version, "counter": counter}
        order |= {"probation_s": probation_s, "deadline_s": 120}
        desired = {"v": 1, "version": self._version, "ts": 1, "updates": {"model/alexa": order}}
        topic = "skerry/v1/garden/cam-1/desired"
        self._client.publish(topic, json.dumps(desired), qos=1, retain=True).wait_for_publish(10)
        return order["id"]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def fleet(word_bundle: Callable[..., bytes], tmp_path: Path, mosquitto) -> Iterator[Fleet]:
    folder = tmp_path / "fleet"
    folder.mkdir()
    made = Fleet(make_rig(folder), word_bundle, folder, mosquitto.port)
    yield made
    made.close()


@pytest.fixture
def device(tmp_path: Path, fleet: Fleet, spoken: Path, mosquitto, start_agent, recorder, eventually) -> Any:
    """Return a function that starts an agent which hears "alexa" every few seconds, with the model of the wheel."""

    def start(*words: str) -> Any:
        pipeline = {
            "kind": "wakeword",
            "name": "ear",
            "words": [{"model": word} for word in words or ("alexa",)],
            "source": {"kind": "audio-file", "path": str(spoken), "policy": "live", "loop": True},
        }
        agent = start_agent(mosquitto.port, [pipeline], ota=fleet.settings, state_dir=str(tmp_path / "state"))
        eventually(lambda: any(one.label == "Alexa" for one in recorder.events), what="the word, by the old model")
        agent.store = ModelStore(tmp_path / "state", "alexa")
        return agent

    return start


def final(recorder, order: str) -> UpdateReport | None:
    found = [one for one in recorder.of(UpdateReport) if one.order == order and one.outcome != "under-way"]
    return found[-1] if found else None


def model_now(recorder) -> tuple[str, str]:
    ear = recorder.heartbeats[-1].pipelines[0]
    return ear.model, ear.model_version


def test_a_wake_word_s_release_proves_itself_while_sound_flows_and_the_model_of_the_wheel_is_a_way_back(
    fleet: Fleet, device, recorder, eventually
) -> None:
    agent = device()
    assert model_now(recorder)[1].startswith("0-")
    order = fleet.release("2.0.0", 2)
    eventually(lambda: final(recorder, order), what="the outcome")
    assert (final(recorder, order).outcome, agent.store.linked("current").version) == ("committed", "2.0.0")
    eventually(lambda: model_now(recorder) == ("alexa", "2.0.0"), what="work on the new model")
    heard = [one for one in recorder.events if one.model_version == "2.0.0"]
    eventually(
        lambda: [one for one in recorder.events if one.model_version == "2.0.0" and one.label == "Alexa"] != heard,
        what="the word, by the new model",
    )
    order = fleet.order(find_model("alexa").version, 1)
    eventually(lambda: final(recorder, order), what="the way back to the model of the wheel")
    assert (final(recorder, order).outcome, final(recorder, order).from_version) == ("committed", "2.0.0")
    eventually(lambda: model_now(recorder)[1].startswith("0-"), what="work on the model of the wheel")
    assert agent.store.linked("current") is None


@pytest.mark.parametrize(
    ("made", "reason"),
    [({"cutoff": 0.9999}, "golden"), ({"word": "Computer"}, "accuracy")],
)
def test_a_release_that_hears_nothing_or_another_word_fails_its_self_test_and_never_listens(
    made: dict[str, Any], reason: str, fleet: Fleet, device, recorder, eventually
) -> None:
    agent = device()
    order = fleet.release("2.0.0", 2, **made)
    eventually(lambda: final(recorder, order), what="the outcome")
    assert (final(recorder, order).outcome, final(recorder, order).reason) == ("failed", reason), final(recorder, order)
    assert agent.store.linked("current") is None
    assert not any(one.pipelines[0].model_version == "2.0.0" for one in recorder.heartbeats)


def test_a_release_that_crashes_while_it_listens_is_undone(fleet: Fleet, device, recorder, eventually) -> None:
    agent = device("alexa", "okay_nabu")
    order = fleet.release("2.0.0", 2, probation_s=60)
    eventually(lambda: any(one.state == "probation" for one in recorder.of(UpdateReport)), what="the trial")
    assert model_now(recorder)[0] == "alexa+okay_nabu"
    for child in agent.children():
        # A stand-in for a model that crashes: words run on one backend, whose kernels are not made to fail.
        if child.is_running() and "skerry_edge.agent.children.child" in " ".join(child.cmdline()):
            child.kill()
    eventually(lambda: final(recorder, order), what="the outcome")
    assert (final(recorder, order).outcome, final(recorder, order).reason) == ("rolled-back", "crashed")
    assert agent.store.linked("current") is None
    eventually(lambda: model_now(recorder)[1].startswith("0-"), what="work on the old model")
    eventually(lambda: recorder.heartbeats[-1].pipelines[0].frames, what="sound on the old model")


def test_an_agent_that_is_killed_on_trial_goes_on_with_it(fleet: Fleet, device, recorder, eventually) -> None:
    agent = device()
    order = fleet.release("2.0.0", 2, probation_s=3)
    eventually(lambda: any(one.state == "probation" for one in recorder.of(UpdateReport)), what="the trial")
    agent.kill()
    agent.start_again()
    eventually(lambda: final(recorder, order), what="the outcome")
    assert final(recorder, order).outcome == "committed"
    eventually(lambda: model_now(recorder) == ("alexa", "2.0.0"), what="work on the new model")

"""What a simulated device makes of update orders."""

from __future__ import annotations

import pytest

from skerry_edge.contracts.codec import decode, encode
from skerry_edge.contracts.messages import Desired, UpdateOrder
from skerry_edge.contracts.topics import parse_topic
from skerry_edge.foundation.errors import ConfigError
from skerry_server.simulate.acts import Publish
from skerry_server.simulate.networks import named_network

CAMERA = "model/yolov2-tiny-voc"


class Device:
    """The first device of a fleet; gives what it says of updates."""

    def __init__(self, fleet):
        self.fleet, self.version = fleet, 0
        self.now_ms = fleet.start_ms + 1500
        list(fleet.advance(self.now_ms))
        self.device = fleet.devices[0]

    def order(self, order_id, version, subject=CAMERA):
        self.version += 1
        order = UpdateOrder(id=order_id, version=version, counter=2, probation_s=1, deadline_s=60)
        desired = Desired(v=1, version=self.version, ts=1, updates={subject: order})
        return self._said([self.fleet.hear(self.device.name, "desired", encode(desired), self.now_ms)])

    def beats(self, seconds):
        self.now_ms += seconds * 1000
        return self._said(self.fleet.advance(self.now_ms))

    def runs(self):
        return self.device.agent.networks["camera"].version

    def _said(self, performed):
        messages = [
            act.message
            for device, acts in performed
            if device is self.device
            for act in acts
            if isinstance(act, Publish)
        ]
        return [decode("update", one.payload) for one in messages if parse_topic(one.topic).kind == "update"]


@pytest.fixture
def make(make_fleet):
    """Return a function that makes a device that nothing else befalls."""
    return lambda **more: Device(make_fleet(**({"trouble": "none", "rate": 1.0} | more)))


def test_an_order_goes_through_the_phases_and_ends_with_the_new_version(make):
    there = make()
    before = there.runs()
    said = there.order("o1", "2.1.0") + there.beats(8)
    assert [one.state for one in said] == ["check", "download", "self-test", "probation", "report"]
    assert [one.outcome for one in said] == ["under-way"] * 4 + ["committed"]
    assert (said[-1].from_version, said[-1].to_version, there.runs()) == (before, "2.1.0", "2.1.0")
    assert there.order("o1", "2.1.0") == [], "an order is worked on once"
    back = there.order("o2", before) + there.beats(8)
    assert (back[-1].outcome, there.runs()) == ("committed", before)


def test_a_wake_word_is_updated_by_its_release_s_name_where_there_is_a_microphone(make):
    there = next(one for one in (make(seed=seed) for seed in range(20)) if "ear" in one.device.agent.networks)
    said = there.order("o1", "3.0.0", subject="model/okay_nabu") + there.beats(8)
    assert said[-1].outcome == "committed"
    assert there.device.agent.networks["ear"].version == "3.0.0"


def test_a_bad_release_leaves_the_old_version_and_says_why(make):
    there = make(bad_releases=frozenset({"3.0.0"}))
    before = there.runs()
    *_, last = there.order("o1", "3.0.0") + there.beats(8)
    assert (last.outcome, last.reason, there.runs()) == ("rolled-back", "crashed", before)


def test_a_device_that_cannot_fetch_says_so_and_what_does_not_run_here_is_refused(make):
    there = make(trouble="update=1")
    *_, last = there.order("o1", "2.1.0") + there.beats(8)
    assert (last.outcome, last.reason) == ("failed", "network")
    (refused,) = there.order("o2", "1.0.0", subject="model/unheard-of")
    assert (refused.outcome, refused.from_version) == ("refused", None)


def test_the_agent_s_own_version_changes_as_well(make):
    there = make()
    there.order("o1", "9.9.9", subject="agent/skerry")
    there.beats(8)
    assert there.device.agent.version == "9.9.9"


def test_a_fleet_can_run_a_model_of_any_name_and_take_its_releases(make):
    there = make(camera=named_network("skerry-signs@1.2.0"))
    assert there.runs() == "1.2.0"
    said = there.order("o1", "2.0.0", "model/skerry-signs") + there.beats(8)
    assert (said[-1].outcome, said[-1].from_version, there.runs()) == ("committed", "1.2.0", "2.0.0")


def test_a_model_without_a_version_is_the_first():
    assert named_network("skerry-signs").version == "1.0.0"


@pytest.mark.parametrize("model", ["", "Signs", "signs@", "@1.0.0", "signs@1 0", "signs@1.0.0@2", "a/b"])
def test_a_model_that_no_release_could_be_called_is_refused(model):
    with pytest.raises(ConfigError, match="cannot be called so"):
        named_network(model)

"""What a simulated device does about commands and desired configurations."""

from __future__ import annotations

import json

import pytest

from skerry_edge.contracts.codec import decode, encode
from skerry_edge.contracts.fingerprint import desired_sha256
from skerry_edge.contracts.messages import Command, Desired
from skerry_edge.contracts.topics import parse_topic
from skerry_server.simulate.acts import Connect, Leave, Publish


class Told:
    """One healthy device that is told things; gives what it publishes, by kind."""

    def __init__(self, fleet, *, has_ear):
        self._fleet = fleet
        list(fleet.advance(fleet.start_ms + 500))
        self.device = next(one for one in fleet.devices if ("ear" in one.agent.networks) == has_ear)
        self._commands = 0
        self.acts = []

    def desire(self, version, **more):
        self.desired = Desired(v=1, version=version, ts=1, **more)
        return self._hear("desired", encode(self.desired))

    def command(self, name, *, number=None, late_ms=-1000, **args):
        self._commands += 1
        now_ms = self._fleet.start_ms + 600
        order = Command(
            v=1, id=f"c{number or self._commands}", name=name, ts=now_ms, expires_ts=now_ms - late_ms, args=args
        )
        return self._hear("command", encode(order))

    def _hear(self, kind, payload):
        _, self.acts = self._fleet.hear(self.device.name, kind, payload, self._fleet.start_ms + 600)
        said = {}
        for act in self.acts:
            if isinstance(act, Publish):
                topic = parse_topic(act.message.topic)
                is_json = topic.kind != "snapshot"
                said[topic.kind] = decode(topic.kind, act.message.payload) if is_json else act.message.payload
        return said


@pytest.fixture
def told(make_fleet):
    return Told(make_fleet(trouble="none", rate=1.0), has_ear=True)


def test_a_ping_a_log_and_a_picture_are_answered(told):
    assert told.command("ping")["result"].message == "pong"
    assert told.command("logs")["result"].output["log"]
    said = told.command("snapshot")
    assert said["result"].ok
    assert said["snapshot"].startswith(b"\xff\xd8\xff")
    assert {"result", "status", "state"} == set(told.command("rebirth"))


def test_a_command_that_comes_again_is_answered_as_before_and_not_carried_out(told):
    told.command("restart", number=5)
    list(told._fleet.advance(told._fleet.start_ms + 5000))
    again = told.command("restart", number=5)
    assert again["result"].output == {"repeated": "true"}
    assert not any(isinstance(act, Leave) for act in told.acts)


def test_a_restart_says_goodbye_and_comes_back_with_the_next_start(told):
    before = told.device.voice.account.session
    said = told.command("restart")
    assert (said["status"].state, said["status"].reason) == ("offline", "restarting")
    later = [acts for device, acts in told._fleet.advance(told._fleet.start_ms + 5000) if device is told.device]
    assert isinstance(later[0][0], Connect)
    after = told.device.voice.account.session
    assert int(after.split("-")[0]) == int(before.split("-")[0]) + 1


def test_what_cannot_be_done_is_refused_with_a_reason(told, make_fleet):
    assert "expired" in told.command("ping", late_ms=5000)["result"].message
    assert "no pipeline 'nose'" in told.command("snapshot", pipeline="nose")["result"].message
    assert "no picture" in told.command("snapshot", pipeline="ear")["result"].message
    deaf = Told(make_fleet(trouble="none"), has_ear=False)
    assert "listens" in deaf.command("mute")["result"].message


def test_an_ear_is_muted_and_says_so_in_its_heartbeats(told):
    told.command("mute")
    beats = list(told.device.agent.measure(told._fleet.start_ms + 700, waiting=0))
    assert [one.muted for one in beats[0].pipelines] == [False, True]


def test_a_desired_configuration_is_taken_on_and_shown_in_state_and_heartbeat(told):
    said = told.desire(3, models={"camera": "yolov2-tiny-voc@2.0.0-rc.1"}, config={"heartbeat_interval_s": 5})
    assert (said["state"].config_version, said["state"].config_sha256) == (3, desired_sha256(told.desired))
    assert said["state"].models["camera"] == "yolov2-tiny-voc@2.0.0-rc.1"
    beat = next(iter(told.device.agent.measure(told._fleet.start_ms + 700, waiting=0)))
    assert beat.pipelines[0].model_version == "2.0.0-rc.1"
    assert told.device.agent.interval_ms == 5000
    assert told.desire(3, models={"camera": "yolov2-tiny-voc@2.0.0-rc.1"}, config={"heartbeat_interval_s": 5}) == {}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"models": {"camera": "resnet"}}, "the model is not there"),
        ({"models": {"nose": "yolov2-tiny-voc"}}, "no such pipeline"),
        ({"device": "another"}, "for another device"),
        ({"board": "toaster"}, "for another board"),
        ({"config": {"heartbeat_interval": 5}}, "unknown key"),
        ({"config": {"heartbeat_interval_s": "often"}}, "expected a number"),
        ({"config": {"heartbeat_interval_s": 1e9}}, "0.01 to 3600"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused_once_with_the_reason(told, asked, said):
    event = told.desire(3, **asked)["event"]
    assert event.label == "desired-refused"
    assert said in event.message
    assert told.desire(3, **asked) == {}
    assert told.device.agent.applied.version == 0


def test_an_older_version_and_another_content_under_the_same_number_are_refused(told):
    told.desire(3)
    assert "older" in told.desire(2)["event"].message
    assert "something else" in told.desire(3, config={"heartbeat_interval_s": 1})["event"].message


def test_a_device_to_which_no_model_was_brought_refuses_every_other(make_fleet):
    poor = Told(make_fleet(trouble="refuse=1"), has_ear=True)
    assert "not there" in poor.desire(1, models={"camera": "yolov2-tiny-voc@1.1.0"})["event"].message


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", json.dumps({"v": 2}).encode(), b"\xff", b"[" * 50_000])
def test_what_is_no_order_does_no_harm(told, payload):
    for kind in ("command", "desired"):
        told._hear(kind, payload)
    assert told.command("ping")["result"].ok

"""Brokers that go away, come back, refuse, or speak another version."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import iotcore
import pytest

from skerry_edge.agent.life.clock import clock_state
from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.outbox.outbox import FILE, Outbox
from skerry_edge.contracts.messages import Event

GHOST = {"kind": "synthetic", "name": "ghost", "events_per_s": 20.0, "limit": 40}
ALL = [str(number) for number in range(1, 41)]


def test_nothing_is_lost_when_the_broker_goes_and_comes_back(mosquitto, recorder, start_agent, eventually) -> None:
    agent = start_agent(mosquitto.port, [GHOST])
    eventually(lambda: len(recorder.events) >= 5, what="events before the outage")
    mosquitto.stop()
    eventually(lambda: "failure 2 in a row" in agent.log, what="the agent's second failure")
    mosquitto.start()
    eventually(lambda: len({event.message for event in recorder.events}) == 40, what="all events")

    first_arrivals = {event.id: event for event in reversed(recorder.events)}
    assert sorted((event.message for event in first_arrivals.values()), key=int) == ALL
    replayed = [event for event in recorder.events if event.replayed]
    assert replayed, "what waited during the outage is marked"
    assert not recorder.events[0].replayed
    assert {event.session for event in recorder.events} == {recorder.events[0].session}
    births = {status.id for status in recorder.statuses if status.state == "online"}
    assert len(births) == 2, "the status is published again"


def test_a_broker_that_comes_late_gets_everything(make_mosquitto, make_recorder, start_agent, eventually) -> None:
    broker = make_mosquitto()
    recorder = make_recorder(broker.port)
    broker.stop()
    agent = start_agent(broker.port, [GHOST])
    eventually(lambda: "failure 2 in a row" in agent.log, what="the agent's second failure")
    assert agent.process.poll() is None
    assert agent.output, "the agent says that it runs though there is no broker"
    broker.start()
    eventually(lambda: len(recorder.events) >= 40, what="all events")
    assert [event.message for event in recorder.events] == ALL
    assert recorder.states == ["online"]


def test_without_a_broker_the_agent_still_ends_cleanly(free_port, start_agent, eventually) -> None:
    agent = start_agent(free_port(), [GHOST])
    eventually(lambda: "cannot be reached" in agent.log, what="the first failure")
    eventually(agent.children, what="the child")
    assert agent.stop() == 0
    assert "Traceback" not in agent.log


def first_arrivals(recorder) -> list[Event]:
    """Each event once, as it first came."""
    arrived: dict[str, Event] = {}
    for event in recorder.events:
        arrived.setdefault(event.id, event)
    return list(arrived.values())


def sessions(events: list[Event]) -> int:
    return len({event.session for event in events})


def numbers(events: list[Event]) -> list[str]:
    return [event.message or "" for event in events]


def test_nothing_is_lost_when_the_broker_is_killed_again_and_again(
    make_mosquitto, make_recorder, start_agent, eventually
) -> None:
    # Without a limit of its own the broker passes everything on at once: what it has acknowledged is on its way.
    broker = make_mosquitto("allow_anonymous true\nmax_inflight_messages 0")
    recorder = make_recorder(broker.port)
    agent = start_agent(broker.port, [{**GHOST, "events_per_s": 30.0, "limit": 150}])
    # Failures that follow each other closely are waited out ever longer, and by chance.
    patience_s = 120.0
    for seen in (10, 40, 70):
        eventually(
            lambda seen=seen: len(first_arrivals(recorder)) >= seen, what="events before it", deadline_s=patience_s
        )
        broker.kill()
        eventually(lambda: "connection to the broker is lost" in agent.log, what="the loss in the log")
        broker.start()
    everything = [str(number) for number in range(1, 151)]
    eventually(lambda: len(first_arrivals(recorder)) >= 150, what="all events", deadline_s=patience_s)
    assert numbers(first_arrivals(recorder)) == everything


def test_what_nobody_subscribes_to_is_kept_until_somebody_does(
    mosquitto, make_recorder, start_agent, eventually
) -> None:
    agent = start_agent(mosquitto.port, [GHOST])
    eventually(lambda: "nobody subscribes to this device's events" in agent.log, what="the warning in the log")
    recorder = make_recorder(mosquitto.port)
    eventually(lambda: len(recorder.events) >= 40, what="all events")
    assert numbers(recorder.events) == ALL
    assert "somebody subscribes to this device's events again" in agent.log


def accepted(state_dir: Path) -> list[str]:
    """The ids of the events that wait in an outbox's file."""
    identity = Identity(site="garden", device="cam-1", session="00000001-0000abcd", clock=clock_state)
    outbox = Outbox(state_dir, max_bytes=1 << 30, identity=identity)
    messages = [letter.message for letter in outbox.pending((), 10_000)]
    outbox.close()
    return [one.id for one in messages if isinstance(one, Event)]


def test_what_a_killed_agent_had_accepted_is_delivered_by_its_next_start(
    make_mosquitto, make_recorder, start_agent, eventually, tmp_path: Path
) -> None:
    broker = make_mosquitto()
    recorder = make_recorder(broker.port)
    broker.stop()
    state = tmp_path / "state"
    log = state / f"{FILE}-wal"
    waiting: list[str] = []
    for grown_bytes in (100_000, 300_000):
        agent = start_agent(broker.port, [{**GHOST, "events_per_s": 100.0, "limit": 0}], state_dir=str(state))
        eventually(lambda size=grown_bytes: log.exists() and log.stat().st_size > size, what="accepted events")
        agent.kill()
        before, waiting = waiting, accepted(state)
        assert waiting[: len(before)] == before
        assert len(waiting) > len(before)
    broker.start()
    start_agent(broker.port, [{**GHOST, "limit": 1}], state_dir=str(state))
    eventually(lambda: set(waiting) <= {event.id for event in recorder.events}, what="all that was accepted")
    arrived = recorder.events
    assert [event.id for event in arrived][: len(waiting)] == waiting
    old = arrived[: len(waiting)]
    assert all(event.replayed for event in old)
    assert sessions(old) == 2
    for session in {event.session for event in old}:
        seqs = [event.seq for event in old if event.session == session]
        assert seqs == sorted(set(seqs))


def test_an_agent_that_is_killed_while_it_delivers_repeats_events_and_loses_none(
    mosquitto, recorder, start_agent, eventually, tmp_path: Path
) -> None:
    state = str(tmp_path / "state")
    for starts in (1, 2, 3):
        agent = start_agent(mosquitto.port, [{**GHOST, "events_per_s": 200.0, "limit": 0}], state_dir=state)
        eventually(lambda starts=starts: sessions(recorder.events) == starts, what="events of this start")
        agent.kill()
    last = start_agent(mosquitto.port, [{**GHOST, "limit": 1}], state_dir=state)
    eventually(lambda: sessions(recorder.events) == 4, what="an event of the last start")
    assert last.stop() == 0
    assert "wait in the outbox" not in last.log
    events = first_arrivals(recorder)
    for session in {event.session for event in events}:
        arrived = numbers([event for event in events if event.session == session])
        assert arrived == [str(number) for number in range(1, len(arrived) + 1)], "no gap, and in order"


def test_refused_credentials_are_reported_and_tried_again(
    make_mosquitto, make_recorder, need_program, start_agent, eventually, tmp_path: Path
) -> None:
    passwords = tmp_path / "passwords"
    passwords.touch(mode=0o600)
    for name, word in (("cam-1", "right-word"), ("recorder", "other-word")):
        subprocess.run([need_program("mosquitto_passwd"), "-b", str(passwords), name, word], check=True)
    broker = make_mosquitto(f"allow_anonymous false\npassword_file {passwords}")
    recorder = make_recorder(broker.port, username="recorder", password="other-word")
    wrong, right = tmp_path / "wrong", tmp_path / "right"
    wrong.write_text("wrong-word\n")
    right.write_text("right-word\n")

    refused = start_agent(broker.port, [GHOST], mqtt={"password_file": str(wrong)})
    eventually(lambda: "does not pass by itself" in refused.log, what="the refusal in the log")
    assert "the broker refuses this device" in refused.log
    assert "check 'username'" in refused.log
    assert "wrong-word" not in refused.log + refused.output
    assert refused.stop() == 0

    welcome = start_agent(broker.port, [GHOST], mqtt={"password_file": str(right)})
    eventually(lambda: len(recorder.events) == 40, what="the events of the agent with the right password")
    assert "right-word" not in welcome.log + welcome.output


def test_the_password_may_come_from_the_environment_and_no_child_sees_it(
    make_mosquitto, make_recorder, need_program, start_agent, eventually, tmp_path: Path
) -> None:
    passwords = tmp_path / "passwords"
    passwords.touch(mode=0o600)
    subprocess.run([need_program("mosquitto_passwd"), "-b", str(passwords), "me", "right-word"], check=True)
    broker = make_mosquitto(f"allow_anonymous false\npassword_file {passwords}")
    agent = start_agent(
        broker.port, [GHOST], mqtt={"username": "me"}, environment={"SKERRY_MQTT_PASSWORD": "right-word"}
    )
    eventually(lambda: "connected to" in agent.log and agent.children(), what="a connection and a child")
    (child,) = agent.children()
    # Between fork and exec a child still shows its parent's environment.
    eventually(lambda: "skerry_edge.agent.children.child" in child.cmdline(), what="the child is itself")
    assert b"right-word" not in Path(f"/proc/{child.pid}/environ").read_bytes()


def test_two_devices_of_one_name_are_told_apart_in_the_log(mosquitto, start_agent, eventually) -> None:
    agents = [start_agent(mosquitto.port, [GHOST]) for _ in range(2)]
    eventually(lambda: any("uses this device's id" in agent.log for agent in agents), what="the hint in a log")
    assert all(agent.process.poll() is None for agent in agents)


def test_a_broker_without_version_5_is_served_with_3_1_1(free_port, make_recorder, start_agent, eventually) -> None:
    port = free_port()
    with iotcore.Broker(port=port, listen="127.0.0.1"):
        recorder = make_recorder(port)
        agent = start_agent(port, [GHOST])
        eventually(lambda: len(recorder.events) == 40, what="all events")
        assert "with MQTT 3.1.1" in agent.log
        assert agent.stop() == 0
        eventually(lambda: recorder.states[-1] == "offline", what="the goodbye")
        recorder.stop()


RUMQTTD_5 = """\
id = 0
[router]
id = 0
max_connections = 100
max_outgoing_packet_count = 200
max_segment_size = 1048576
max_segment_count = 10
{listeners}
"""
LISTENER = """\
[{version}.1]
name = "{version}"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
[{version}.1.connections]
connection_timeout_ms = 60000
max_payload_size = 300000
max_inflight_count = 100
dynamic_filters = true
"""


def test_the_embedded_broker_is_served_with_version_5(
    free_port, make_recorder, start_agent, eventually, tmp_path: Path
) -> None:
    ports = {"v5": free_port(), "v4": free_port()}
    config = tmp_path / "rumqttd.toml"
    listeners = "".join(LISTENER.format(version=version, port=port) for version, port in ports.items())
    config.write_text(RUMQTTD_5.format(listeners=listeners))
    with iotcore.Broker(config_path=str(config)):
        recorder = make_recorder(ports["v4"])
        agent = start_agent(ports["v5"], [GHOST])
        eventually(lambda: len(recorder.events) == 40, what="all events")
        assert "with MQTT 5" in agent.log
        agent.kill()
        eventually(lambda: recorder.statuses[-1].reason == "connection lost", what="the will")
        recorder.stop()


@pytest.fixture
def make_certificate(need_program: Callable[[str], str], tmp_path: Path) -> Callable[[str], tuple[Path, Path]]:
    """Return a function that makes a certificate for 127.0.0.1 that signs itself, and its key."""
    openssl = need_program("openssl")

    def make(name: str) -> tuple[Path, Path]:
        certificate, key = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
        subject = ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
        files = ["-out", str(certificate), "-keyout", str(key)]
        new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        subprocess.run([openssl, *new, *subject, *files], check=True, capture_output=True)
        return certificate, key

    return make


def test_an_encrypted_broker_is_trusted_only_with_its_own_certificate(
    make_mosquitto, make_certificate, free_port, make_recorder, start_agent, eventually
) -> None:
    certificate, key = make_certificate("broker")
    stranger, _ = make_certificate("stranger")
    plain = free_port()
    broker = make_mosquitto(
        f"allow_anonymous true\ncertfile {certificate}\nkeyfile {key}\nlistener {plain} 127.0.0.1\nallow_anonymous true"
    )
    recorder = make_recorder(plain)
    url = f"mqtts://127.0.0.1:{broker.port}"

    doubtful = start_agent(broker.port, [GHOST], mqtt={"url": url, "tls": {"ca_file": str(stranger)}})
    eventually(lambda: "certificate" in doubtful.log.lower(), what="the refusal to connect")
    assert doubtful.stop() == 0
    assert recorder.events == []

    start_agent(broker.port, [GHOST], mqtt={"url": url, "tls": {"ca_file": str(certificate)}})
    eventually(lambda: len(recorder.events) == 40, what="all events")

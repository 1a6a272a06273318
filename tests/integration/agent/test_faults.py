"""What the fleet sees when a child, the agent or a pipeline's model fails."""

from __future__ import annotations

import os
import signal

import pytest

GHOST = {"kind": "synthetic", "name": "ghost", "events_per_s": 20.0}


def reasons(recorder) -> list[str]:
    return [status.reason for status in recorder.statuses if status.state == "degraded"]


def test_a_killed_child_is_started_again_and_the_fleet_is_told(mosquitto, recorder, start_agent, eventually) -> None:
    agent = start_agent(mosquitto.port, [GHOST])
    eventually(lambda: recorder.events, what="an event")
    (child,) = agent.children()
    os.kill(child.pid, signal.SIGKILL)
    eventually(lambda: recorder.states == ["online", "degraded", "online"], what="degraded, then online")
    assert reasons(recorder) == ["ghost: the child ended by SIGKILL"]
    before = len(recorder.events)
    eventually(lambda: len(recorder.events) > before, what="events of the new child")
    (successor,) = agent.children()
    assert successor.pid != child.pid


def test_no_event_that_the_agent_took_is_lost_with_its_child(mosquitto, recorder, start_agent, eventually) -> None:
    agent = start_agent(mosquitto.port, [{**GHOST, "events_per_s": 200.0}])
    eventually(lambda: len(recorder.events) >= 20, what="events")
    (child,) = agent.children()
    os.kill(child.pid, signal.SIGKILL)
    eventually(lambda: recorder.states == ["online", "degraded", "online"], what="degraded, then online")
    agent.stop()
    eventually(lambda: recorder.states[-1] == "offline", what="the goodbye")
    serials = [int(event.message) for event in recorder.events]
    second_begins = serials.index(1, 1)
    assert serials[:second_begins] == list(range(1, second_begins + 1))
    assert serials[second_begins:] == list(range(1, len(serials) - second_begins + 1))


def test_a_hung_child_is_killed_at_its_deadline(mosquitto, recorder, start_agent, eventually, is_gone) -> None:
    hang = {"fault": "hang", "fault_after": 5, "fault_marker": "hung", "progress_deadline_s": 1.0}
    agent = start_agent(mosquitto.port, [{**GHOST, **hang}])
    eventually(lambda: recorder.events, what="an event")
    (child,) = agent.children()
    eventually(lambda: "online" in recorder.states[2:], what="degraded, then online")
    assert reasons(recorder)[0] == "ghost: no progress for 1 s (progress_deadline_s)"
    assert is_gone(child)
    assert agent.children()[0].pid != child.pid


def test_a_stopped_child_counts_as_hung(mosquitto, recorder, start_agent, eventually, is_gone) -> None:
    agent = start_agent(mosquitto.port, [{**GHOST, "progress_deadline_s": 1.0}])
    eventually(lambda: recorder.events, what="an event")
    (child,) = agent.children()
    child.suspend()
    eventually(lambda: is_gone(child), what="the end of the stopped child")
    eventually(lambda: "online" in recorder.states[2:], what="degraded, then online")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("crash", "ended by SIGSEGV"),
        ("error", "the synthetic pipeline fails as it was told"),
        ("babble", "no message"),
    ],
)
def test_a_child_that_fails_by_itself_tells_why(mosquitto, recorder, start_agent, eventually, fault, told) -> None:
    start_agent(mosquitto.port, [{**GHOST, "fault": fault, "fault_after": 3, "fault_marker": "failed"}])
    eventually(lambda: "online" in recorder.states[2:], what="degraded, then online")
    assert recorder.states[:3] == ["online", "degraded", "online"]
    assert told in reasons(recorder)[0]


def test_a_model_that_does_not_load_degrades_the_device_until_it_does(
    mosquitto, recorder, start_agent, eventually
) -> None:
    agent = start_agent(mosquitto.port, [{**GHOST, "fault": "refuse"}, {**GHOST, "name": "healthy"}])
    eventually(lambda: agent.log.count("pipeline ghost failed") >= 2, what="a second attempt")
    eventually(lambda: recorder.states[-1] == "degraded", what="the degraded status")
    assert recorder.statuses[-1].reason == "ghost: the synthetic model refuses to load"
    eventually(
        lambda: any([one.state for one in beat.pipelines] == ["failing", "running"] for beat in recorder.heartbeats),
        what="a heartbeat that tells the failing pipeline from the healthy one",
    )
    assert {event.pipeline for event in recorder.events} == {"healthy"}


def test_the_children_of_a_killed_agent_end_with_it(mosquitto, recorder, start_agent, eventually, is_gone) -> None:
    stuck = {**GHOST, "name": "stuck", "fault": "hang", "fault_after": 1, "progress_deadline_s": 3600.0}
    agent = start_agent(mosquitto.port, [GHOST, stuck])
    eventually(lambda: {event.pipeline for event in recorder.events} == {"ghost", "stuck"}, what="events of both")
    children = agent.children()
    assert len(children) == 2
    agent.kill()
    eventually(lambda: all(is_gone(child) for child in children), what="the end of both children")
    eventually(lambda: recorder.states[-1] == "offline", what="the will")
    will = recorder.statuses[-1]
    assert (will.reason, will.seq) == ("connection lost", 0)
    assert will.session == recorder.statuses[0].session


def test_who_subscribes_after_an_agent_died_is_told_that_it_is_offline(
    mosquitto, recorder, make_recorder, start_agent, eventually
) -> None:
    agent = start_agent(mosquitto.port, [GHOST])
    eventually(lambda: recorder.events, what="an event")
    agent.kill()
    eventually(lambda: recorder.states[-1] == "offline", what="the will")
    recorder.stop()
    later = make_recorder(mosquitto.port)
    eventually(lambda: later.statuses, what="the retained status")
    assert [(status.state, status.seq) for status in later.statuses] == [("offline", 0)]


def test_a_hung_child_does_not_hold_up_the_end(mosquitto, recorder, start_agent, eventually, is_gone) -> None:
    stuck = {**GHOST, "fault": "hang", "fault_after": 1, "progress_deadline_s": 3600.0}
    agent = start_agent(mosquitto.port, [stuck])
    eventually(lambda: recorder.events, what="an event")
    (child,) = agent.children()
    assert agent.stop() == 0
    assert is_gone(child)
    eventually(lambda: recorder.statuses[-1].reason == "stopped", what="the goodbye")

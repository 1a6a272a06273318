"""What a broker's limits mean for a fleet."""

from dataclasses import replace

import pytest

from skerry_edge.agent.doctor.broker_verdict import Load, Observed, Terms, judge_broker

LOAD = Load(devices=100, heartbeat_s=30, away_min=10)
TERMS = Terms(
    where="mqtt://broker:1883", program=None, receive_maximum=20, packet_bytes=None, maximum_qos=2,
    has_retain=True, has_shared=True, has_wildcards=True, session_s=3600,
)  # fmt: skip
SEEN = Observed(terms=TERMS, unacknowledged=5000, kept=2000, tried=2000)


def statuses(seen, load=LOAD, session_s=3600):
    return {one.name: one.status for one in judge_broker(seen, load, server_session_s=session_s)}


def test_a_broker_that_keeps_all_is_well():
    assert set(statuses(SEEN).values()) == {"ok", "not applicable"}


@pytest.mark.parametrize(
    ("seen", "name", "status"),
    [
        (replace(SEEN, kept=1999), "queue for a server that is away", "warning"),
        (replace(SEEN, unacknowledged=20), "unacknowledged to the server", "warning"),
        (replace(SEEN, terms=replace(TERMS, session_s=3599)), "session of a server that is away", "warning"),
        (replace(SEEN, terms=replace(TERMS, packet_bytes=65536)), "largest packet", "warning"),
        (replace(SEEN, terms=replace(TERMS, has_retain=False)), "what it offers", "failed"),
        (replace(SEEN, terms=replace(TERMS, maximum_qos=0)), "what it offers", "failed"),
        (replace(SEEN, unacknowledged=None, kept=None, tried=0), "limits by trying", "warning"),
    ],
)
def test_each_limit_that_would_lose_something_is_told(seen, name, status):
    assert statuses(seen)[name] == status


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        (replace(TERMS, program="mosquitto version 2.0.11"), "mosquitto version 2.0.11 forgets"),
        (replace(TERMS, has_shared=False), "no shared subscriptions"),
        (TERMS, "cannot be seen from outside"),
    ],
)
def test_sharing_a_subscription_is_never_called_safe(terms, told):
    findings = judge_broker(replace(SEEN, terms=terms), LOAD, server_session_s=3600)
    (finding,) = [one for one in findings if one.name.startswith("subscription")]
    assert finding.status == "not applicable"
    assert told in finding.found
    assert finding.todo


def test_a_fleet_larger_than_what_was_tried_is_not_called_safe():
    big = Load(devices=10_000, heartbeat_s=30, away_min=60)
    assert big.messages == 1_200_000
    (queue,) = [one for one in judge_broker(SEEN, big, server_session_s=3600) if one.name.startswith("queue")]
    # Nor is it a warning that nothing could mend: more is not tried, whatever the broker keeps.
    assert queue.status == "not applicable"
    assert "as many as are tried" in queue.found
    assert "max_queued_messages" in queue.todo

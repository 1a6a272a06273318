"""A broker's limits found by trying: what it leaves unacknowledged, what it keeps for a server that is away.

Everything happens under a topic of this trial's own, with a bounded number of small messages and none retained; the
session that they wait in is ended at the end, and ends by itself where the trial is interrupted.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import suppress

from skerry_edge.agent.config.delivery import MqttConfig
from skerry_edge.agent.doctor.broker_party import MANY, Party
from skerry_edge.agent.doctor.broker_verdict import SERVER_BATCH, Load, Observed, Terms, judge_broker
from skerry_edge.agent.doctor.findings import Check, Finding
from skerry_edge.agent.mqtt.refusal import BrokerError
from skerry_edge.foundation.broker_address import parse_broker_url

TOPIC = "skerry-doctor"
PROGRAM_TOPIC = "$SYS/broker/version"
"""Where Mosquitto keeps its name and version, retained."""
SERVER_SESSION_S = 7 * 86_400
"""What the server asks for unless its configuration says otherwise."""
TRIAL_SESSION_S = 120
PAYLOAD = bytes(512)
QUIET_S = 2.0
MOST_TRIED = 20_000
LIMIT_S = 180.0


def broker_check(config: MqttConfig, load: Load) -> Check:
    """Return the trial as a check. Raises ConfigError for an address that is none, before anything is tried."""
    parse_broker_url(config.url, where="--broker")

    def look() -> Sequence[Finding]:
        return list(judge_broker(try_broker(config, load), load, server_session_s=SERVER_SESSION_S))

    return Check(
        name="broker", look=look, limit_s=LIMIT_S, todo="see that the broker runs, speaks MQTT 5, and knows this user"
    )


def try_broker(config: MqttConfig, load: Load) -> Observed:
    """Try the broker as ``config`` reaches it. Raises BrokerError, ConfigError and ReachError."""
    name = f"{TOPIC}-{secrets.token_hex(4)}"
    topic = f"{TOPIC}/{name}"
    terms = _ask_terms(config, name)
    publisher = Party(config, f"{name}-p")
    try:
        unacknowledged = _try_unacknowledged(config, publisher, name, topic)
        if unacknowledged is None:
            return Observed(terms=terms, unacknowledged=None, kept=None, tried=0)
        tried = min(load.messages, MOST_TRIED)
        kept = _try_queue(config, publisher, name, topic, tried)
        return Observed(terms=terms, unacknowledged=unacknowledged, kept=kept, tried=tried)
    finally:
        publisher.close(forget=True)
        with suppress(BrokerError):
            Party(config, name).close(forget=True)


def _ask_terms(config: MqttConfig, name: str) -> Terms:
    """Return what the broker tells a server that connects (MQTT 5 clause 3.2.2.3); what it leaves out has a default."""
    party = Party(config, name, session_s=SERVER_SESSION_S)
    told = party.told
    party.close(forget=True)
    return Terms(
        where=party.where,
        program=_ask_program(config, name),
        receive_maximum=getattr(told, "ReceiveMaximum", MANY),
        packet_bytes=getattr(told, "MaximumPacketSize", None),
        maximum_qos=getattr(told, "MaximumQoS", 2),
        has_retain=bool(getattr(told, "RetainAvailable", 1)),
        has_shared=bool(getattr(told, "SharedSubscriptionAvailable", 1)),
        has_wildcards=bool(getattr(told, "WildcardSubscriptionAvailable", 1)),
        session_s=getattr(told, "SessionExpiryInterval", SERVER_SESSION_S),
    )


def _ask_program(config: MqttConfig, name: str) -> str | None:
    """Return what the broker calls itself; None where this user may not know."""
    # Some brokers end the connection of who asks for what is forbidden.
    with suppress(BrokerError):
        party = Party(config, name)
        if party.subscribe(PROGRAM_TOPIC):
            party.settle(1, QUIET_S)
        party.close(forget=True)
        return party.newest
    return None


def _try_unacknowledged(config: MqttConfig, publisher: Party, name: str, topic: str) -> int | None:
    """Return how many messages come, up to a batch, to who acknowledges none; None where the topic is forbidden."""
    holder = Party(config, name, holds_back=True)
    try:
        if not holder.subscribe(topic):
            return None
        publisher.publish(topic, PAYLOAD, SERVER_BATCH)
        if publisher.refused:
            return None
        # Of a topic that may not be read, some brokers grant the subscription and deliver nothing.
        return holder.settle(SERVER_BATCH, QUIET_S) or None
    finally:
        holder.close(forget=True)


def _try_queue(config: MqttConfig, publisher: Party, name: str, topic: str, count: int) -> int:
    """Return how many of ``count`` messages wait for who was away when they were published."""
    absent = Party(config, name, session_s=TRIAL_SESSION_S)
    absent.subscribe(topic)
    absent.close(forget=False)
    publisher.publish(topic, PAYLOAD, count)
    back = Party(config, name, session_s=TRIAL_SESSION_S, is_new=False)
    kept = back.settle(count, QUIET_S)
    back.close(forget=True)
    return kept

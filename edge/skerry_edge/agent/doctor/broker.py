"""The broker: whether it can be reached, lets the device in, and takes messages as large and as many as ours are."""

from __future__ import annotations

from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.delivery import TlsConfig
from skerry_edge.agent.doctor.findings import Finding
from skerry_edge.agent.life.waker import Waker
from skerry_edge.agent.mqtt.connection import MAX_IN_FLIGHT, Connection, Peer
from skerry_edge.agent.mqtt.login import read_login
from skerry_edge.agent.mqtt.refusal import BrokerError
from skerry_edge.agent.mqtt.version import Version, first_choice
from skerry_edge.contracts.messages import MAX_JSON_BYTES
from skerry_edge.contracts.snapshots import MAX_SNAPSHOT_BYTES
from skerry_edge.foundation.broker_address import parse_broker_url

CLIENT_SUFFIX = "-doctor"
"""The agent's own client id would put a running agent out; a broker that takes the login for it does so anyway."""


def look_at_broker(config: AgentConfig) -> tuple[Finding, ...]:
    """Connect and log in as the agent does, and judge what the broker answers. Raises BrokerError, ConfigError."""
    version = first_choice(config.mqtt.protocol).version
    waker = Waker()
    try:
        try:
            connection = _connect(config, version, waker)
        except BrokerError as error:
            if config.mqtt.protocol != "auto" or error.version_doubt is None:
                raise
            # The agent asks a silent broker several times; here a person waits.
            connection = _connect(config, "3.1.1", waker)
        connection.say_goodbye()
        connection.close()
    finally:
        waker.close()
    return (
        Finding(
            name="broker", status="ok", found=f"{connection.where} lets this device in with MQTT {connection.version}"
        ),
        judge_limits(connection.version, payload_bytes=connection.payload_limit, in_flight=connection.in_flight_limit),
    )


def judge_limits(version: str, *, payload_bytes: int, in_flight: int) -> Finding:
    """Judge how large a message may be and how many may be unanswered; MQTT 3.1.1 tells neither."""
    name = "broker's limits"
    if version != "5":
        return Finding(name=name, status="not applicable", found=f"MQTT {version} does not tell them")
    found = f"messages up to {payload_bytes} bytes, {in_flight} unanswered at once"
    if payload_bytes < MAX_JSON_BYTES:
        todo = (
            f"allow packets of {MAX_SNAPSHOT_BYTES} bytes and some at the broker: below {MAX_JSON_BYTES}, heartbeats, "
            "the log and even events may not pass"
        )
        return Finding(name=name, status="warning", found=found, todo=todo)
    if payload_bytes < MAX_SNAPSHOT_BYTES:
        todo = f"allow packets of {MAX_SNAPSHOT_BYTES} bytes and some at the broker, or leave snapshots off"
        return Finding(name=name, status="warning", found=found, todo=todo)
    if in_flight < MAX_IN_FLIGHT:
        todo = f"a receive maximum of {MAX_IN_FLIGHT} lets a backlog drain faster"
        return Finding(name=name, status="warning", found=found, todo=todo)
    return Finding(name=name, status="ok", found=found)


def _connect(config: AgentConfig, version: Version, waker: Waker) -> Connection:
    peer = Peer(
        address=parse_broker_url(config.mqtt.url),
        client_id=f"{config.device}{CLIENT_SUFFIX}",
        login=read_login(config.mqtt, config.device),
        tls=config.mqtt.tls or TlsConfig(),
        keepalive_s=config.mqtt.keepalive_s,
    )
    connection = Connection(peer, None, version)
    try:
        connection.open(waker)
    except BrokerError:
        connection.close()
        raise
    return connection

"""Under which terms a session connects, and how the configuration sets them."""

from __future__ import annotations

from dataclasses import dataclass

from skerry_edge.agent.config.delivery import MqttConfig, TlsConfig
from skerry_edge.agent.mqtt.connection import Peer
from skerry_edge.agent.mqtt.login import read_login
from skerry_edge.agent.mqtt.version import Setting
from skerry_edge.foundation.backoff import Backoff
from skerry_edge.foundation.broker_address import parse_broker_url

RECONNECT = Backoff(first_s=0.5, max_s=60.0, chance_share=1.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """Whom a session connects to, in which version of MQTT, and how soon it tries again."""

    peer: Peer
    setting: Setting = "auto"
    backoff: Backoff = RECONNECT


def terms_of(config: MqttConfig, client_id: str) -> Terms:
    """Return what the configuration asks for. Raises ConfigError and what reading the password raises."""
    return Terms(
        peer=Peer(
            address=parse_broker_url(config.url),
            client_id=client_id,
            login=read_login(config, client_id),
            tls=config.tls or TlsConfig(),
            keepalive_s=config.keepalive_s,
        ),
        setting=config.protocol,
        backoff=Backoff(first_s=config.reconnect_within_s, chance_share=1.0),
    )

"""One client of a broker's trial: what it was told on connecting, what came, and acknowledgements held back."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

from paho.mqtt.client import Client, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from skerry_edge.agent.config.delivery import MqttConfig, TlsConfig
from skerry_edge.agent.mqtt.login import read_login
from skerry_edge.agent.mqtt.refusal import BrokerError, refused
from skerry_edge.agent.mqtt.tls import tls_context, tls_error
from skerry_edge.foundation.broker_address import parse_broker_url

ANSWER_S = 10.0
MAX_TEXT_BYTES = 64
MANY = 65_535
"""The most that MQTT lets one side leave unacknowledged."""
_WHAT_A_TRIAL_NEEDS = (
    "see its log: a trial needs MQTT 5, and a user whose connections may have different client ids, as the server's"
)


class Party:
    """A connection with MQTT 5 that lasts until it is closed. Raises BrokerError, ConfigError and ReachError.

    With ``holds_back`` it acknowledges nothing. ``session_s`` is for how long the broker is asked to keep its session,
    and ``is_new`` whether one that is there is to be forgotten. ``newest`` is how the last message that came begins.
    """

    def __init__(
        self, config: MqttConfig, name: str, *, session_s: int = 0, is_new: bool = True, holds_back: bool = False
    ) -> None:
        self.where = str(parse_broker_url(config.url, where="--broker"))
        self.told: Properties | None = None
        self.received = 0
        self.newest: str | None = None
        self.acknowledged = 0
        self.refused = 0
        self._answer: ReasonCode | None = None
        self._granted: list[ReasonCode] = []
        self._is_lost = False
        self._change = threading.Condition()
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=name,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
            manual_ack=holds_back,
        )
        self._client.max_queued_messages_set(0)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish
        self._client.on_subscribe = self._on_subscribe
        self._connect(config, session_s=session_s, is_new=is_new)

    def subscribe(self, topic_filter: str) -> bool:
        """Return whether the broker grants the subscription."""
        self._granted.clear()
        self._client.subscribe(topic_filter, qos=1)
        self._wait(lambda: bool(self._granted))
        return not self._granted[0].is_failure

    def publish(self, topic: str, payload: bytes, count: int) -> None:
        """Publish ``count`` times and wait until the broker has answered each; see `acknowledged` and `refused`."""
        before = self.acknowledged + self.refused
        for _ in range(count):
            self._client.publish(topic, payload, qos=1)
        while self.acknowledged + self.refused < before + count:
            # As long as answers keep coming, the broker is at it.
            answered = self.acknowledged + self.refused
            self._wait(lambda seen=answered: self.acknowledged + self.refused > seen)  # type: ignore[misc]  # mypy takes the default for an argument that callers give

    def settle(self, wanted: int, quiet_s: float) -> int:
        """Return how many messages have come when ``wanted`` are there, or none came for ``quiet_s``."""
        with self._change:
            while self.received < wanted:
                seen = self.received
                if not self._change.wait_for(lambda seen=seen: self.received > seen, quiet_s):  # type: ignore[misc]  # as above
                    break
            return self.received

    def close(self, *, forget: bool) -> None:
        """Say goodbye; with ``forget`` the broker is to keep no session."""
        properties = Properties(PacketTypes.DISCONNECT)  # type: ignore[no-untyped-call]  # paho says no types here
        if forget:
            properties.SessionExpiryInterval = 0
        self._client.disconnect(properties=properties)
        self._client.loop_stop()

    def _connect(self, config: MqttConfig, *, session_s: int, is_new: bool) -> None:
        address = parse_broker_url(config.url, where="--broker")
        login = read_login(config, config.username or "")
        if login is not None:
            self._client.username_pw_set(login.username, login.password.reveal())
        if address.encrypted:
            self._client.tls_set_context(tls_context(config.tls or TlsConfig()))
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho says no types here
        properties.SessionExpiryInterval = session_s
        properties.ReceiveMaximum = MANY
        try:
            self._client.connect(address.host, address.port, 60, clean_start=is_new, properties=properties)
        except ssl.SSLError as error:
            raise tls_error(error, where=self.where, now_s=time.time()) from error
        except (OSError, ValueError) as error:
            found = getattr(error, "strerror", None) or str(error)
            raise BrokerError("the broker cannot be reached", where=self.where, found=found) from error
        self._client.loop_start()
        self._wait(lambda: self._answer is not None)
        if self._answer is not None and self._answer.is_failure:
            code, name = self._answer.value, str(self._answer)
            raise refused("the broker refuses this user", where=self.where, code=code, name=name)

    def _wait(self, condition: Callable[[], bool]) -> None:
        with self._change:
            if not self._change.wait_for(lambda: condition() or self._is_lost, ANSWER_S):
                raise BrokerError("the broker does not answer", where=self.where)
            if not condition():
                # Who comes with the same client id ends the one before, and not every broker says so.
                raise BrokerError("the broker ended the connection", where=self.where, todo=_WHAT_A_TRIAL_NEEDS)

    def _on_connect(self, _client: Client, _data: Any, _flags: Any, code: ReasonCode, told: Properties | None) -> None:  # noqa: ANN401  # paho's
        with self._change:
            self._answer, self.told = code, told
            self._change.notify_all()

    def _on_disconnect(
        self,
        _client: Client,
        _data: Any,  # noqa: ANN401  # paho's
        _flags: DisconnectFlags,
        _code: ReasonCode,
        _told: Properties | None,
    ) -> None:
        with self._change:
            self._is_lost = True
            self._change.notify_all()

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:  # noqa: ANN401  # paho's
        with self._change:
            self.received += 1
            self.newest = message.payload[:MAX_TEXT_BYTES].decode("utf-8", "replace")
            self._change.notify_all()

    def _on_publish(self, _client: Client, _data: Any, _mid: int, code: ReasonCode, _told: Properties) -> None:  # noqa: ANN401  # paho's
        with self._change:
            if code.is_failure:
                self.refused += 1
            else:
                self.acknowledged += 1
            self._change.notify_all()

    def _on_subscribe(self, _client: Client, _data: Any, _mid: int, codes: list[ReasonCode], _told: Any) -> None:  # noqa: ANN401  # paho's
        with self._change:
            self._granted[:] = codes
            self._change.notify_all()

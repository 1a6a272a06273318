"""One connection to the broker over paho, driven by one thread; a lost one is not used again."""

from __future__ import annotations

import select
import ssl
import time
from dataclasses import dataclass, field
from typing import Any

from paho.mqtt.client import Client, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from skerry_edge.agent.config.delivery import TlsConfig
from skerry_edge.agent.life.waker import Waker
from skerry_edge.agent.mqtt.bounded import MAX_INBOUND_BYTES, BoundedClient, OversizedPacketError
from skerry_edge.agent.mqtt.login import Login
from skerry_edge.agent.mqtt.news import Inbound, News, RefusedSubscription
from skerry_edge.agent.mqtt.refusal import BrokerError, refused
from skerry_edge.agent.mqtt.tls import NO_TLS_TODO, tls_context, tls_error
from skerry_edge.agent.mqtt.version import Version
from skerry_edge.foundation.broker_address import BrokerAddress

CONNECT_TIMEOUT_S = 5.0
MAX_IN_FLIGHT = 20
MAX_PACKET_BYTES = 268_435_455
"""What MQTT's length field can say; a broker may set less (MQTT 5)."""
_BESIDE_PAYLOAD_BYTES = 512
"""More than header, topic and properties of any PUBLISH of ours."""
_UNSPECIFIED = 0x80
"""What paho gives where the connection just broke."""
_KEEPALIVE_TIMEOUT = 0x8D
"""What paho gives where the broker did not answer a ping."""
_NO_MATCHING_SUBSCRIBERS = 0x10
"""MQTT 5.0, section 3.4.2.1."""
_PROTOCOLS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}


@dataclass(frozen=True, kw_only=True, slots=True)
class Peer:
    """Whom to connect to, and as whom."""

    address: BrokerAddress
    client_id: str
    login: Login | None = None
    tls: TlsConfig = field(default_factory=TlsConfig)
    keepalive_s: int = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Will:
    """The retained message that the broker publishes when this connection breaks."""

    topic: str
    payload: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Ack:
    """The broker's answer to the message ``mid``; a ``code`` from 0x80 on is a refusal."""

    mid: int
    code: int
    name: str

    @property
    def refused(self) -> bool:
        """Whether the broker did not take the message."""
        return self.code >= 0x80

    @property
    def is_unheard(self) -> bool:
        """Whether the broker took the message and had nobody to give it to (MQTT 5 alone tells)."""
        return self.code == _NO_MATCHING_SUBSCRIBERS


class Connection:
    """An MQTT connection with a clean start: nothing is carried over from an earlier one, the outbox does that."""

    def __init__(self, peer: Peer, will: Will | None, version: Version) -> None:
        self.version = version
        self._peer = peer
        self.where = str(peer.address)
        self._acks: list[Ack] = []
        self._news: list[News] = []
        self._subscribing: dict[int, str] = {}
        self._accepted = False
        self._lost: BrokerError | None = None
        self._in_flight_limit = MAX_IN_FLIGHT
        self._packet_limit = MAX_PACKET_BYTES
        self._client = self._prepare(peer, will)

    @property
    def in_flight_limit(self) -> int:
        """How many messages may wait for their acknowledgement at once."""
        return self._in_flight_limit

    @property
    def payload_limit(self) -> int:
        """How many bytes a message may have, as far as the broker has said."""
        return self._packet_limit - _BESIDE_PAYLOAD_BYTES

    def _prepare(self, peer: Peer, will: Will | None) -> Client:
        client = BoundedClient(
            CallbackAPIVersion.VERSION2,
            client_id=peer.client_id,
            protocol=_PROTOCOLS[self.version],
            reconnect_on_failure=False,
        )
        client.where = self.where
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages = MAX_IN_FLIGHT
        if will is not None:
            client.will_set(will.topic, will.payload, qos=1, retain=True)
        if peer.login is not None:
            client.username_pw_set(peer.login.username, peer.login.password.reveal())
        if peer.address.encrypted:
            client.tls_set_context(tls_context(peer.tls))
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def open(self, waker: Waker) -> None:
        """Connect and wait for the broker's answer. Raises BrokerError."""
        address = self._peer.address
        try:
            self._client.connect(
                address.host, address.port, self._peer.keepalive_s, properties=self._connect_properties()
            )
        except ssl.SSLError as error:
            raise tls_error(error, where=self.where, now_s=time.time()) from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            # What a broker does that takes the first bytes of TLS for nonsense.
            todo = NO_TLS_TODO if address.encrypted and isinstance(error, ConnectionResetError) else None
            raise BrokerError("the broker cannot be reached", where=self.where, found=reason, todo=todo) from error
        deadline_s = time.monotonic() + CONNECT_TIMEOUT_S
        while not self._accepted:
            if time.monotonic() > deadline_s:
                raise BrokerError("the broker does not answer", where=self.where, version_doubt="silent")
            self.pump(waker, 0.2)

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> int:
        """Send with QoS 1 and return the message id that its acknowledgement will carry. Raises BrokerError."""
        info = self._client.publish(topic, payload, qos=1, retain=retain)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise self._lost or BrokerError("the connection to the broker is lost", where=self.where)
        return info.mid

    def subscribe(self, topic: str) -> None:
        """Ask for the messages of a topic; what the broker thinks of that is among the news. Raises BrokerError."""
        if self.version == "5":
            code, mid = self._client.subscribe(topic, options=SubscribeOptions(qos=1, noLocal=True))
        else:
            code, mid = self._client.subscribe(topic, qos=1)
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS or mid is None:
            raise self._lost or BrokerError("the connection to the broker is lost", where=self.where)
        self._subscribing[mid] = topic

    def take_news(self) -> list[News]:
        """Return what the broker has sent of its own since the last call."""
        news, self._news = self._news, []
        return news

    def pump(self, waker: Waker, timeout_s: float) -> list[Ack]:
        """Move bytes for at most ``timeout_s`` or until woken, and return what was acknowledged.

        Raises BrokerError when the connection is refused or lost; what was acknowledged before that is returned first.
        """
        self._wait(waker, timeout_s)
        try:
            self._client.loop_read()
            if self._client.want_write():
                self._client.loop_write()
            self._client.loop_misc()
        except OversizedPacketError:
            raise
        except Exception as error:  # whatever the parser trips over in bytes from a server that speaks no MQTT
            raise BrokerError(
                "the broker's answer is not MQTT", where=self.where, found=type(error).__name__, version_doubt="silent"
            ) from error
        acks, self._acks = self._acks, []
        if self._lost is not None and not acks:
            raise self._lost
        return acks

    def say_goodbye(self) -> None:
        """Tell the broker that this end is wanted, so that it does not publish the will."""
        self._client.disconnect()

    def close(self) -> None:
        """Close the socket if it is still open; without a goodbye before, the broker publishes the will."""
        socket: Any = self._client.socket()
        if socket is not None:
            socket.close()

    def _wait(self, waker: Waker, timeout_s: float) -> None:
        socket: Any = self._client.socket()
        if socket is None:
            return
        # Bytes that TLS has decrypted already do not make the socket readable.
        if getattr(socket, "pending", int)():
            timeout_s = 0.0
        poll = select.poll()
        poll.register(socket, select.POLLIN | (select.POLLOUT if self._client.want_write() else 0))
        poll.register(waker.fileno(), select.POLLIN)
        poll.poll(timeout_s * 1000)
        waker.clear()

    def _on_connect(
        self, _client: object, _userdata: object, _flags: object, code: ReasonCode, properties: Properties | None
    ) -> None:
        if code.is_failure:
            self._lost = refused("the broker refuses this device", where=self.where, code=code.value, name=str(code))
            return
        self._accepted = True
        limit = getattr(properties, "ReceiveMaximum", MAX_IN_FLIGHT)
        self._in_flight_limit = max(1, min(MAX_IN_FLIGHT, limit))
        self._packet_limit = getattr(properties, "MaximumPacketSize", MAX_PACKET_BYTES)

    def _on_disconnect(
        self,
        _client: object,
        _userdata: object,
        flags: DisconnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if self._lost is not None:
            return
        if flags.is_disconnect_packet_from_server:
            self._lost = refused("the broker ended the connection", where=self.where, code=code.value, name=str(code))
        elif not self._accepted:
            what = "the broker closed the connection without an answer"
            is_plain = not self._peer.address.encrypted
            todo = "if the broker encrypts on this port, write mqtts:// in 'url'" if is_plain else None
            self._lost = BrokerError(what, where=self.where, todo=todo, version_doubt="silent")
        else:
            self._lost = BrokerError(
                "the connection to the broker is lost",
                where=self.where,
                found=None if code.value == _UNSPECIFIED else str(code),
                may_be_of_message=code.value != _KEEPALIVE_TIMEOUT,
                # An older broker closes without a word when somebody else takes the client id over.
                todo="if this repeats, see whether another client uses this device's id",
            )

    def _on_publish(
        self, _client: object, _userdata: object, mid: int, code: ReasonCode, _properties: Properties
    ) -> None:
        self._acks.append(Ack(mid=mid, code=code.value, name=str(code)))

    def _on_subscribe(
        self, _client: object, _userdata: object, mid: int, codes: list[ReasonCode], _properties: object
    ) -> None:
        topic = self._subscribing.pop(mid, "")
        refusal = next((code for code in codes if code.is_failure), None)
        if refusal is not None:
            self._news.append(RefusedSubscription(topic=topic, reason=str(refusal)))

    def _on_message(self, _client: object, _userdata: object, message: MQTTMessage) -> None:
        expiry_s = getattr(message.properties, "MessageExpiryInterval", None)
        self._news.append(
            Inbound(topic=message.topic, payload=bytes(message.payload), retained=message.retain, expires_in_s=expiry_s)
        )

    def _connect_properties(self) -> Properties | None:
        if self.version != "5":
            return None
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho says no types here
        properties.MaximumPacketSize = MAX_INBOUND_BYTES
        return properties

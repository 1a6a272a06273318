"""One connection that publishes at QoS 1 and knows of each message whether the broker took it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import gmqtt
from gmqtt.mqtt.constants import MQTTCommands, MQTTv50, MQTTv311
from gmqtt.mqtt.handler import MQTTConnectError
from gmqtt.storage import PersistentStorage

from skerry_server.broker_refusal import connection_refused
from skerry_server.downlink.messages import Outgoing
from skerry_server.errors import BrokerError
from skerry_server.ingest.link import ANSWER_S, KEEPALIVE_S, Access, OneConnection

FIRST_FAILURE = 0x80
"""MQTT 5 clause 2.4: reason codes from here on say that something failed."""


class _Ledger(PersistentStorage):  # type: ignore[misc]  # gmqtt ships no types
    """gmqtt's note of what the broker has not taken yet; tells the packet id that a message was given."""

    newest_id = 0

    def push_message(self, mid: int, raw_package: bytes) -> None:
        """Note a message."""
        self.newest_id = mid
        super().push_message(mid, raw_package)


class Publisher:
    """Connected from `connect` to `close`; a broker that goes away fails what waits for its answer."""

    def __init__(self, access: Access) -> None:
        self._access = access
        # What gmqtt has to say reaches the operator through the errors raised here.
        logging.getLogger("gmqtt").setLevel(logging.CRITICAL)
        self._ledger = _Ledger()
        self._client = OneConnection(access.client_id, clean_session=True, persistent_storage=self._ledger)
        self._is_connected = False
        if access.username is not None:
            self._client.set_auth_credentials(access.username, access.password)
        self._waiting: dict[int, asyncio.Future[int]] = {}
        self._lost = asyncio.Event()
        self._client.on_disconnect = self._on_disconnect
        # gmqtt drops the reason of a PUBACK, and with it that the broker refused a message; it looks handlers up here.
        self._client._package_handler._handler_cache[MQTTCommands.PUBACK.value] = self._on_puback  # noqa: SLF001

    @property
    def is_lost(self) -> bool:
        """Tell whether the connection has ended."""
        return self._lost.is_set()

    async def connect(self) -> None:
        """Connect. Raises BrokerError."""
        address = self._access.address
        connecting = self._client.connect(
            address.host,
            address.port,
            ssl=self._access.tls or False,
            keepalive=KEEPALIVE_S,
            version=MQTTv50 if self._access.is_mqtt5 else MQTTv311,
        )
        try:
            await asyncio.wait_for(connecting, ANSWER_S)
        except MQTTConnectError as error:
            # gmqtt has no public name for the code.
            raise connection_refused(error._code, where=str(address)) from error  # noqa: SLF001  # as above
        except (OSError, asyncio.TimeoutError) as error:
            raise BrokerError(
                "the MQTT broker cannot be reached for what goes to devices", where=str(address), found=repr(error)
            ) from error
        self._is_connected = True

    async def publish(self, message: Outgoing) -> None:
        """Return when the broker has taken ``message``. Raises BrokerError."""
        properties: dict[str, Any] = {}
        if message.expires_s is not None and self._access.is_mqtt5:
            properties["message_expiry_interval"] = message.expires_s
        outgoing = gmqtt.Message(message.topic, message.payload, qos=1, retain=message.retain, **properties)
        if self.is_lost:
            raise self._gone()
        self._client.publish(outgoing)
        packet_id = self._ledger.newest_id
        answer = self._waiting[packet_id] = asyncio.get_running_loop().create_future()
        try:
            reason = await asyncio.wait_for(answer, ANSWER_S)
        except asyncio.TimeoutError as error:
            raise BrokerError(
                "the MQTT broker does not acknowledge what goes to devices", where=str(self._access.address)
            ) from error
        finally:
            self._waiting.pop(packet_id, None)
        if reason >= FIRST_FAILURE:
            raise BrokerError(
                f"the MQTT broker does not let us publish to '{message.topic}'",
                where=str(self._access.address),
                found=f"PUBACK {reason:#x}",
                todo="allow the server's user to write what goes to devices",
            )

    async def close(self) -> None:
        """Say goodbye, where there is somebody to say it to."""
        if not self._lost.is_set() and self._is_connected:
            await asyncio.wait({asyncio.ensure_future(self._client.disconnect())}, timeout=ANSWER_S)
        self._fail_all()

    def _on_puback(self, first_byte: int, body: bytes) -> None:
        waiting = self._waiting.get(body[0] << 8 | body[1])
        if waiting is not None and not waiting.done():
            waiting.set_result(body[2] if len(body) > 2 else 0)
        self._client._package_handler._handle_puback_packet(first_byte, body)  # noqa: SLF001  # it frees the id

    def _on_disconnect(self, _client: gmqtt.Client, _packet: object, _error: object = None) -> None:
        self._fail_all()

    def _fail_all(self) -> None:
        self._lost.set()
        for one in self._waiting.values():
            if not one.done():
                one.set_exception(self._gone())

    def _gone(self) -> BrokerError:
        return BrokerError("the MQTT broker ended the connection", where=str(self._access.address))

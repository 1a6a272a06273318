"""paho's client held to a largest packet: by itself it buffers whatever length a broker announces."""

from __future__ import annotations

from paho.mqtt.client import Client

from skerry_edge.agent.mqtt.refusal import BrokerError
from skerry_edge.contracts.messages import MAX_JSON_BYTES

MAX_INBOUND_BYTES = 4 * MAX_JSON_BYTES
"""The largest packet that the broker may send. What is too large for the contract still comes this far, so that its
sender is told. A broker that speaks MQTT 5 is told the limit and keeps to it; one that speaks 3.1.1 cannot be."""


class OversizedPacketError(BrokerError):
    """The broker began a packet of ``size_bytes``, more than is taken; the connection cannot be read any further."""

    def __init__(self, size_bytes: int, *, where: str) -> None:
        super().__init__(
            "the broker sends a packet that is too large",
            where=where,
            found=f"{size_bytes} bytes, and at most {MAX_INBOUND_BYTES} are taken",
            todo="clear the retained message that it sends, most likely 'desired'",
        )
        self.size_bytes = size_bytes


class BoundedClient(Client):
    """Raises OversizedPacketError out of `loop_read` before a packet that is too large is read."""

    where = ""

    def _sock_recv(self, bufsize: int) -> bytes:
        # paho asks for all that is left of a packet; there is no public place to see how long it is.
        if bufsize > MAX_INBOUND_BYTES:
            raise OversizedPacketError(bufsize, where=self.where)
        return super()._sock_recv(bufsize)

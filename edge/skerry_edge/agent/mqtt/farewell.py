"""The end of a connection in good order: what is fresh is delivered, then the last word said, then the goodbye."""

from __future__ import annotations

import time

from skerry_edge.agent.life.waker import Waker
from skerry_edge.agent.mqtt.bulletins import Bulletin
from skerry_edge.agent.mqtt.connection import Connection
from skerry_edge.agent.mqtt.delivery import Delivery

_GOODBYE_S = 0.4
"""What is kept of the time to stop for the last word and its acknowledgement."""


def part(connection: Connection, delivery: Delivery, last_word: Bulletin, waker: Waker, *, by_s: float) -> None:
    """End ``connection`` by ``by_s`` (monotonic) as far as the broker lets it. Raises BrokerError.

    Where there is no room for the last word, the connection ends without a goodbye: the will says it then.
    """
    while delivery.waits and (left_s := by_s - _GOODBYE_S - time.monotonic()) > 0:
        # What is fresh is still sent; a backlog is safe where it is, and would hold up the end.
        if delivery.is_caught_up:
            delivery.send_waiting()
        delivery.take(connection.pump(waker, left_s))
    while not delivery.has_room and (left_s := by_s - time.monotonic()) > 0:
        delivery.take(connection.pump(waker, left_s))
    if not delivery.has_room:
        return
    delivery.post(last_word)
    while delivery.is_unanswered and (left_s := by_s - time.monotonic()) > 0:
        delivery.take(connection.pump(waker, left_s))
    connection.say_goodbye()

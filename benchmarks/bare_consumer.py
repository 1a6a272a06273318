"""What ingest is measured against: a gmqtt consumer with deferred acknowledgements that decodes and drops.

`python -m benchmarks.bare_consumer PORT CLIENT_ID COUNT` prints the seconds from its first message to its last.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

import gmqtt

from skerry_edge.contracts.codec import decode
from skerry_edge.contracts.topics import parse_topic

SESSION_S = 3600


async def consume(port: int, client_id: str, count: int) -> float:
    """Take ``count`` messages of the session that waits under ``client_id``; return the seconds that took."""
    client = gmqtt.Client(
        client_id,
        clean_session=False,
        optimistic_acknowledgement=False,
        session_expiry_interval=SESSION_S,
        receive_maximum=20_000,
    )
    seen, began_s, done = 0, 0.0, asyncio.Event()

    async def on_message(_client: object, topic: str, payload: bytes, _qos: int, _properties: Any) -> int:  # noqa: ANN401  # gmqtt's
        nonlocal seen, began_s
        if not seen:
            began_s = time.perf_counter()
        decode(parse_topic(topic).kind, payload)
        seen += 1
        if seen == count:
            done.set()
        return 0

    client.on_message = on_message
    await client.connect("127.0.0.1", port, keepalive=60)
    await done.wait()
    took_s = time.perf_counter() - began_s
    await client.disconnect()
    return took_s


if __name__ == "__main__":
    print(asyncio.run(consume(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))))

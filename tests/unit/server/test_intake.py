"""The intake: batches, and acknowledgements that go only when their batch is settled."""

from __future__ import annotations

import asyncio

import pytest

from skerry_edge.agent.doctor.broker_verdict import SERVER_BATCH
from skerry_server.ingest.intake import MAX_BATCH, MAX_BATCH_BYTES, Intake
from skerry_server.ingest.validate import Delivery


class Wire:
    """A connection that notes what it acknowledged."""

    def __init__(self):
        self.acknowledged = []

    def acknowledge(self, packet_ids):
        self.acknowledged += packet_ids


def delivery(number, payload=b""):
    return Delivery(topic=str(number), payload=payload, is_retained=False, received_ms=0)


def put(intake, wire, *numbers):
    for number in numbers:
        intake.put(delivery(number), number, wire)


def topics(batch):
    return [int(one.topic) for one in batch]


def test_the_doctor_tries_a_broker_with_batches_as_large_as_ours():
    assert SERVER_BATCH == MAX_BATCH


def test_nothing_is_acknowledged_before_its_batch_is_settled_and_then_in_order():
    async def scenario():
        intake, wire = Intake(linger_s=0), Wire()
        put(intake, wire, *range(1, 50))
        batch = await intake.take()
        assert topics(batch) == list(range(1, 50))
        assert wire.acknowledged == []
        intake.settle(batch)
        assert wire.acknowledged == list(range(1, 50))

    asyncio.run(scenario())


def test_no_batch_is_acknowledged_while_one_before_it_is_not_durable():
    async def scenario():
        intake, wire = Intake(max_batch=1, linger_s=0), Wire()
        put(intake, wire, 1, 2)
        first, second = await intake.take(), await intake.take()
        with pytest.raises(AssertionError):
            intake.settle(second)
        assert wire.acknowledged == []
        intake.settle(first)
        intake.settle(second)
        assert wire.acknowledged == [1, 2]

    asyncio.run(scenario())


def test_each_connection_acknowledges_its_own():
    async def scenario():
        intake, first, second = Intake(linger_s=0), Wire(), Wire()
        put(intake, first, 1, 2)
        put(intake, second, 1)
        intake.put(delivery(9), None, second)
        intake.settle(await intake.take())
        assert (first.acknowledged, second.acknowledged) == ([1, 2], [1])

    asyncio.run(scenario())


def test_a_batch_has_a_largest_size_and_the_rest_is_the_next_batch():
    async def scenario():
        intake, wire = Intake(max_batch=2, linger_s=60), Wire()
        put(intake, wire, 1, 2, 3)
        batch = await intake.take()
        assert topics(batch) == [1, 2]
        intake.settle(batch)
        put(intake, wire, 4)
        assert topics(await intake.take()) == [3, 4]

    asyncio.run(scenario())


def test_a_batch_of_large_messages_is_cut_by_their_bytes_and_never_empty():
    async def scenario():
        intake, wire = Intake(linger_s=0), Wire()
        for number in (1, 2, 3):
            intake.put(delivery(number, bytes(MAX_BATCH_BYTES * 2 // 3)), number, wire)
        batch = await intake.take()
        assert topics(batch) == [1]
        intake.settle(batch)
        assert topics(await intake.take()) == [2]

    asyncio.run(scenario())


def test_a_batch_that_is_not_full_waits_only_so_long():
    async def scenario():
        intake = Intake(linger_s=0.001)
        put(intake, Wire(), 1)
        assert topics(await asyncio.wait_for(intake.take(), 30)) == [1]

    asyncio.run(scenario())


def test_drained_means_settled_and_not_only_taken():
    async def scenario():
        intake = Intake(linger_s=0)
        put(intake, Wire(), 1)
        draining = asyncio.ensure_future(intake.drain())
        batch = await intake.take()
        await asyncio.sleep(0)
        assert not draining.done()
        assert intake.oldest_ms == 0
        intake.settle(batch)
        assert intake.oldest_ms is None
        await asyncio.wait_for(draining, 30)

    asyncio.run(scenario())


def test_a_lost_connection_keeps_the_oldest_and_sheds_what_comes_again_anyway():
    async def scenario():
        intake = Intake(linger_s=0)
        put(intake, Wire(), 1, 2, 3)
        assert intake.shed(keep=1) == 2
        assert topics(await intake.take()) == [1]

    asyncio.run(scenario())


def test_there_is_no_room_while_too_many_bytes_are_not_durable_whether_taken_or_shed():
    async def scenario():
        intake = Intake(linger_s=0, max_waiting_bytes=100)
        intake.put(delivery(1, bytes(60)), 1, Wire())
        assert intake.has_room.is_set()
        intake.put(delivery(2, bytes(60)), 2, Wire())
        assert not intake.has_room.is_set()
        batch = await intake.take()
        assert not intake.has_room.is_set()
        intake.settle(batch)
        assert intake.has_room.is_set()
        intake.put(delivery(3, bytes(60)), 3, Wire())
        intake.put(delivery(4, bytes(60)), 4, Wire())
        intake.shed(keep=1)
        assert intake.has_room.is_set()

    asyncio.run(scenario())

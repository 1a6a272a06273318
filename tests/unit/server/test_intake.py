"""The intake: batches, and acknowledgements that go only when their batch is settled."""

from __future__ import annotations

import asyncio

from skerry_server.ingest.intake import Intake
from skerry_server.ingest.validate import Delivery


def delivery(number):
    return Delivery(topic=str(number), payload=b"", is_retained=False, received_ms=0)


def put(intake, *numbers):
    return [asyncio.ensure_future(intake.put(delivery(number))) for number in numbers]


def topics(batch):
    return [one.topic for one in batch]


def test_nothing_is_let_go_before_its_batch_is_settled():
    async def scenario():
        intake = Intake(linger_s=0)
        puts = put(intake, 1, 2)
        await asyncio.sleep(0)
        batch = await intake.take()
        await asyncio.sleep(0)
        assert topics(batch) == ["1", "2"]
        assert not any(one.done() for one in puts)
        intake.settle()
        await asyncio.gather(*puts)

    asyncio.run(scenario())


def test_acknowledgements_go_in_the_order_of_arrival():
    async def scenario():
        intake, order = Intake(linger_s=0), []

        async def arrive(number):
            await intake.put(delivery(number))
            order.append(number)

        tasks = [asyncio.ensure_future(arrive(number)) for number in range(50)]
        await asyncio.sleep(0)
        await intake.take()
        intake.settle()
        await asyncio.gather(*tasks)
        assert order == list(range(50))

    asyncio.run(scenario())


def test_a_batch_has_a_largest_size_and_the_rest_is_the_next_batch():
    async def scenario():
        intake = Intake(max_batch=2, linger_s=60)
        puts = put(intake, 1, 2, 3)
        await asyncio.sleep(0)
        assert topics(await intake.take()) == ["1", "2"]
        intake.settle()
        more = put(intake, 4)
        await asyncio.sleep(0)
        assert topics(await intake.take()) == ["3", "4"]
        intake.settle()
        await asyncio.gather(*puts, *more)

    asyncio.run(scenario())


def test_a_batch_that_is_not_full_waits_only_so_long():
    async def scenario():
        intake = Intake(linger_s=0.001)
        puts = put(intake, 1)
        assert topics(await asyncio.wait_for(intake.take(), 30)) == ["1"]
        intake.settle()
        await asyncio.gather(*puts)

    asyncio.run(scenario())


def test_drained_means_settled_and_not_only_taken():
    async def scenario():
        intake = Intake(linger_s=0)
        puts = put(intake, 1)
        await asyncio.sleep(0)
        draining = asyncio.ensure_future(intake.drain())
        await intake.take()
        await asyncio.sleep(0)
        assert not draining.done()
        intake.settle()
        await asyncio.wait_for(draining, 30)
        await asyncio.gather(*puts)

    asyncio.run(scenario())


def test_a_lost_connection_keeps_the_oldest_and_sheds_what_comes_again_anyway():
    async def scenario():
        intake = Intake(linger_s=0)
        puts = put(intake, 1, 2, 3)
        await asyncio.sleep(0)
        assert intake.shed(keep=1) == 2
        assert topics(await intake.take()) == ["1"]
        intake.settle()
        await asyncio.gather(*puts)

    asyncio.run(scenario())


def test_abandoning_lets_go_of_what_waits_and_of_what_was_taken():
    async def scenario():
        intake = Intake(max_batch=1, linger_s=0)
        puts = put(intake, 1, 2)
        await asyncio.sleep(0)
        await intake.take()
        intake.abandon()
        await asyncio.wait_for(asyncio.gather(*puts), 30)

    asyncio.run(scenario())

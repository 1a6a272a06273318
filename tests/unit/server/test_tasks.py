"""Tasks that end together."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from skerry_server.tasks import end_all


def test_a_task_whose_cancellation_was_swallowed_once_ends_all_the_same():
    async def deaf():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    async def scenario():
        task = asyncio.create_task(deaf())
        await asyncio.sleep(0)
        await end_all({task})
        assert task.cancelled()

    asyncio.run(asyncio.wait_for(scenario(), 60))


def test_the_failure_of_one_is_raised_when_all_have_ended():
    async def failing():
        raise OSError("no")

    async def scenario():
        patient = asyncio.create_task(asyncio.Event().wait())
        broken = asyncio.create_task(failing())
        await asyncio.sleep(0)
        with pytest.raises(OSError, match="no"):
            await end_all({patient, broken})
        assert patient.cancelled()

    asyncio.run(scenario())

"""The chores at work: real stores, steps until nothing is left, and failures that are told."""

from __future__ import annotations

import asyncio
import time

import pytest

from skerry_server.config.retention import Retention
from skerry_server.config.stores import Telemetry, VictoriaStore
from skerry_server.errors import StoreError
from skerry_server.stores.archive import NS_PER_S, ROLLUP_STEP_NS, WindowQuery
from skerry_server.stores.base import Point, Query, StoreInfo
from skerry_server.stores.victoriametrics import VictoriaMetricsStore
from skerry_server.upkeep.chores import RegistryChore, Step, TelemetryChore
from skerry_server.upkeep.runner import Upkeep

DAY_NS = 86_400 * NS_PER_S


def run_until(upkeep, condition):
    """Run ``upkeep`` until ``condition`` holds, and cancel it."""

    async def run():
        running = asyncio.create_task(upkeep.run())
        for _ in range(3_000):
            if condition():
                break
            await asyncio.sleep(0.01)
        else:
            pytest.fail("upkeep never came so far")
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(run())


def heartbeat(time_ns):
    tags = {"site": "home", "device": "cam-1", "board": "pi"}
    return Point(measurement="heartbeat", tags=tags, fields={"cpu_percent": 1.0}, time_ns=time_ns)


def test_points_are_rolled_up_and_let_go_of_without_anybody_asking(store, database):
    old_ns = (time.time_ns() - 3 * DAY_NS) // ROLLUP_STEP_NS * ROLLUP_STEP_NS
    now_ns = time.time_ns()
    store.write([heartbeat(old_ns), heartbeat(now_ns)])
    chores = [TelemetryChore(store, Telemetry(raw_days=1)), RegistryChore(database, Retention())]
    upkeep = Upkeep(chores)
    run_until(upkeep, lambda: all(course.is_done for course in upkeep.courses.values()))
    assert [one.time_ns for one in store.query(Query(measurement="heartbeat"))] == [now_ns]
    windows = store.windows(WindowQuery(measurement="heartbeat", step_ns=ROLLUP_STEP_NS, stop_ns=old_ns + 1))
    assert [one.time_ns for one in windows] == [old_ns]
    assert upkeep.courses["telemetry"].detail == "old points let go of: 1"


def test_a_chore_that_fails_says_why_and_the_others_go_on():
    class Failing:
        name = "failing"

        def step(self, now_ns):
            raise StoreError("the disk is full")

    class Working:
        name = "working"

        def step(self, now_ns):
            return Step(detail="worked", is_done=False)

    upkeep = Upkeep([Failing(), Working()])
    run_until(upkeep, lambda: upkeep.courses["working"].steps >= 3)
    assert (upkeep.courses["failing"].failures, upkeep.courses["failing"].detail) == (1, "the disk is full")


def test_a_store_that_takes_no_orders_is_given_none(monkeypatch):
    store = VictoriaMetricsStore(VictoriaStore(), password=None, token=None)
    info = StoreInfo(product="victoriametrics", version="1", where="w", can=frozenset({"erase"}))
    monkeypatch.setattr(store, "probe", lambda: info)
    step = TelemetryChore(store, Telemetry()).step(time.time_ns())
    assert step.is_done
    assert "own settings" in step.detail

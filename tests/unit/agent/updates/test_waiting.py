"""Waiting for orders that were given at the device: until the agent has written down how they ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from skerry_edge.agent.updates.waiting import wait_for
from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.foundation.errors import ReachError
from skerry_edge.ota.order_book import Known, OrderBook
from skerry_edge.ota.places import Places

ORDER = UpdateOrder(id="stick-1", version="2.0.0", counter=2, probation_s=1, deadline_s=60)


def test_an_agent_that_starts_anew_meanwhile_is_waited_for(tmp_path: Path) -> None:
    places, told = Places(tmp_path), []
    lives = iter((True, False, False, True))

    def runs() -> bool:
        is_running = next(lives, True)
        if len(told) == 3:
            places.ota.mkdir()
            OrderBook(places.ota).write({"agent/skerry": Known(order="stick-1", version="2.0.0", outcome="committed")})
        return is_running

    (ended,) = wait_for({"agent/skerry": ORDER}, places, runs=runs, told=told.append)
    assert (ended.subject, ended.outcome) == ("agent/skerry", "committed")
    assert [one.endswith("to start again") for one in told] == [False, True, True, False]


def test_an_agent_that_does_not_come_back_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(ReachError, match="has ended before"):
        wait_for({"agent/skerry": ORDER}, Places(tmp_path), runs=lambda: False, told=lambda _: None, patience_s=0.0)

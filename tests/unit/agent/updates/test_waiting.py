"""Who waits for an order reads what the agent writes, and changes nothing of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from skerry_edge.agent.updates import waiting
from skerry_edge.agent.updates.waiting import Ended, wait_for
from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.foundation.errors import ReachError
from skerry_edge.ota.journal import FILE, JournalFile, journal_of
from skerry_edge.ota.machine.record import Instant, begun
from skerry_edge.ota.order_book import Known, OrderBook
from skerry_edge.ota.places import Places

ORDER = UpdateOrder(id="stick-1", version="2.0.0", counter=2, probation_s=60, deadline_s=3600)
SIGNS = "model/signs"


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setattr(waiting, "LOOK_S", 0.0)
    places = Places(tmp_path)
    places.ota.mkdir()
    return places


def test_it_tells_how_far_the_agent_is_and_outlasts_a_damaged_journal(places: Places) -> None:
    told: list[str] = []
    record = begun(SIGNS, ORDER, Instant(boot="b", since_boot_s=1.0))

    def next_turn(text: str) -> None:
        told.append(text)
        if len(told) == 1:
            JournalFile(places.ota).write(journal_of(record))
        elif len(told) == 2:
            (places.ota / FILE).write_bytes(b"torn")
        else:
            OrderBook(places.ota).write({SIGNS: Known(order="stick-1", version="2.0.0", outcome="failed", reason="x")})

    found = wait_for({SIGNS: ORDER}, places, runs=lambda: True, told=next_turn)
    assert found == [Ended(subject=SIGNS, version="2.0.0", outcome="failed", reason="x")]
    assert "no journal" in told[0]
    assert told[1] == "model/signs: check"
    assert "damaged" in told[2]
    assert (places.ota / FILE).read_bytes() == b"torn"


def test_an_agent_that_ends_before_its_orders_is_told(places: Places) -> None:
    with pytest.raises(ReachError, match="has ended"):
        wait_for({SIGNS: ORDER}, places, runs=lambda: False, told=lambda _: None, patience_s=0.1)

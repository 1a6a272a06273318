"""Which order is worked on."""

from __future__ import annotations

from skerry_edge.agent.updates.orders import is_superseded, next_order
from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.ota.machine.record import Instant, begun
from skerry_edge.ota.order_book import Known

FIRST = UpdateOrder(id="r1", version="2.0.0", counter=2, probation_s=60, deadline_s=3600)
SECOND = UpdateOrder(id="r2", version="3.0.0", counter=3, probation_s=60, deadline_s=3600)


def test_an_order_that_came_to_its_end_is_not_begun_again() -> None:
    done = {"model/a": Known(order="r1", version="2.0.0", outcome="rolled-back")}
    assert next_order({"model/a": FIRST}, {}) == ("model/a", FIRST)
    assert next_order({"model/a": FIRST}, done) is None
    assert next_order({"model/a": SECOND}, done) == ("model/a", SECOND)
    assert next_order({"model/a": FIRST, "model/b": SECOND}, done) == ("model/b", SECOND)
    assert next_order({}, done) is None


def test_an_order_whose_end_nobody_knows_is_to_be_answered() -> None:
    assert next_order({"model/a": FIRST}, {"model/a": Known(order="r1", version="2.0.0")}) == ("model/a", FIRST)


def test_an_order_that_is_withdrawn_or_replaced_is_superseded() -> None:
    record = begun("model/a", FIRST, Instant(boot="b", since_boot_s=0.0))
    assert not is_superseded(record, {"model/a": FIRST})
    assert is_superseded(record, {"model/a": SECOND})
    assert is_superseded(record, {"model/b": FIRST})

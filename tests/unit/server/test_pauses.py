"""Pauses: what has just failed is left alone, and its error keeps nothing in memory that it failed with."""

from __future__ import annotations

import gc

import pytest

from skerry_edge.foundation.errors import ConfigError
from skerry_server.errors import StoreError
from skerry_server.ingest.commit import Prepared
from skerry_server.ingest.pauses import PatientStore


class AwayStore:
    """A store that fails with a kind of error, counting how often it is asked."""

    def __init__(self, kind=StoreError):
        self.writes = 0
        self._kind = kind

    def write(self, points):
        self.writes += 1
        raise self._kind("the store does not answer")


def batches_in_memory():
    return sum(isinstance(one, Prepared) for one in gc.get_objects())


def test_a_store_that_failed_is_left_alone_and_the_reason_is_given_again():
    store = AwayStore()
    patient = PatientStore(store)
    may_have_lost = []
    for _ in range(5):
        with pytest.raises(StoreError, match="the store does not answer") as caught:
            patient.write([])
        may_have_lost.append(caught.value.may_have_lost)
    assert store.writes == 1
    # What it had, it may have lost once, and not once for each batch that it is spared.
    assert may_have_lost == [True, False, False, False, False]


@pytest.mark.parametrize("kind", [StoreError, ConfigError])
def test_no_batch_stays_in_memory_for_the_errors_of_a_store_that_is_away(database, delivery, committer, kind):
    worker = committer(AwayStore(kind), database)
    gc.collect()
    before = batches_in_memory()
    # The server looks for circles seldom: what is held by one stays for minutes.
    gc.disable()
    try:
        kept = [worker.commit([delivery("heartbeat", seq=seq)]).store_error for seq in range(5)]
        after = batches_in_memory()
    finally:
        gc.enable()
    assert after == before
    assert [str(one) for one in kept] == ["the store does not answer"] * 5
    assert {one.__traceback__ for one in (*kept, worker.store_pause.error)} == {None}

"""Pauses: what has just failed is left alone, and its error keeps nothing in memory that it failed with."""

from __future__ import annotations

import gc

import pytest

from skerry_server.errors import StoreError
from skerry_server.ingest.commit import Prepared
from skerry_server.ingest.pauses import PatientStore


class AwayStore:
    """A store that does not answer, counting how often it is asked."""

    writes = 0

    def write(self, points):
        self.writes += 1
        raise StoreError("the store does not answer")


def test_a_store_that_failed_is_left_alone_and_the_reason_is_given_again():
    store = AwayStore()
    patient = PatientStore(store)
    for _ in range(5):
        with pytest.raises(StoreError, match="the store does not answer"):
            patient.write([])
    assert store.writes == 1


def test_no_batch_stays_in_memory_for_the_errors_of_a_store_that_is_away(database, delivery, committer):
    worker = committer(AwayStore(), database)
    gc.collect()
    # The server looks for circles seldom: what is held by one stays for minutes.
    gc.disable()
    try:
        kept = [worker.commit([delivery("heartbeat", seq=seq)]).store_error for seq in range(5)]
        held = sum(isinstance(one, Prepared) for one in gc.get_objects())
    finally:
        gc.enable()
    assert held == 0
    assert [str(one) for one in kept] == ["the store does not answer"] * 5
    assert {one.__traceback__ for one in (*kept, worker.store_pause.error)} == {None}

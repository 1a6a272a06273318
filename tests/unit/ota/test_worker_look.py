"""The worker without an order: a look at the repository, left for the agent."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.foundation.errors import ConfigError, SkerryError
from skerry_edge.ota.errors import TransferError
from skerry_edge.ota.job import Job
from skerry_edge.ota.journal import Journal, JournalFile
from skerry_edge.ota.looked import Looked, last_look
from skerry_edge.ota.machine.record import Instant, Record, begun
from skerry_edge.ota.places import Places
from skerry_edge.ota.settings import OtaSettings
from skerry_edge.ota.worker import look, work


class Supply:
    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def refresh(self) -> None:
        if self.error is not None:
            raise self.error


@pytest.fixture
def places(tmp_path: Path) -> Places:
    places = Places(tmp_path)
    places.ota.mkdir()
    return places


def test_a_refusal_stays_until_a_look_is_good_again(places: Places) -> None:
    look(Supply(ReleaseError("frozen", "nothing newer has come")), places)
    assert last_look(places.ota) == Looked(refused="frozen", detail="nothing newer has come")
    with pytest.raises(TransferError):
        look(Supply(TransferError("network", "away")), places)
    assert last_look(places.ota).refused == "frozen"
    look(Supply(), places)
    assert last_look(places.ota) == Looked()


def order_of(name: str) -> Record:
    order = UpdateOrder(id=name, version="2.0.0", counter=1, probation_s=1, deadline_s=9)
    return begun("model/signs", order, Instant(boot="b", since_boot_s=1.0))


def job_of(places: Places, order: str | None) -> Job:
    return Job(
        state_dir=str(places.state_dir),
        board="generic-x86",
        agent_version="1",
        settings=OtaSettings(mirrors=(str(places.state_dir / "none"),)),
        is_clock_synchronised=False,
        order=order,
    )


@pytest.mark.parametrize("order", ["r1", None])
def test_a_worker_does_what_it_was_started_for_whatever_the_journal_says_by_now(
    order: str | None, places: Places
) -> None:
    journal = Journal(record=order_of("r2"))
    JournalFile(places.ota).write(journal)
    with suppress(SkerryError):
        work(job_of(places, order))
    assert JournalFile(places.ota).read() == journal


def test_a_job_without_a_use_is_no_reason_to_crash(places: Places) -> None:
    JournalFile(places.ota).write(Journal(record=order_of("r1")))
    with pytest.raises(ConfigError, match="does not say"):
        work(job_of(places, "r1"))

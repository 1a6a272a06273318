"""The journal: whole or set aside, and finished orders known again."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.foundation.errors import ReachError
from skerry_edge.ota.journal import ASIDE, FILE, DamagedJournalError, Journal, JournalFile, with_record
from skerry_edge.ota.machine.record import Instant, begun

ORDER = UpdateOrder(id="r1", version="2.0.0", counter=2, probation_s=60, deadline_s=3600)
RECORD = begun("model/signs", ORDER, Instant(boot="b", since_boot_s=10.0))


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    file = JournalFile(tmp_path / "ota")
    assert file.read() == Journal()
    journal = with_record(Journal(), RECORD)
    file.write(journal)
    assert JournalFile(tmp_path / "ota").read() == journal


def test_what_came_to_its_end_is_remembered_by_its_order() -> None:
    journal = with_record(with_record(Journal(), RECORD), replace(RECORD, state="idle", outcome="refused"))
    assert journal.record is None
    assert (journal.finished["model/signs"].order, journal.finished["model/signs"].outcome) == ("r1", "refused")


@pytest.mark.parametrize("place", range(0, 400, 7))
def test_a_bit_that_fell_over_anywhere_is_noticed(place: int, tmp_path: Path) -> None:
    file = JournalFile(tmp_path)
    file.write(with_record(Journal(), RECORD))
    data = bytearray((tmp_path / FILE).read_bytes())
    data[place % len(data)] ^= 0x10
    (tmp_path / FILE).write_bytes(data)
    with pytest.raises(DamagedJournalError, match="damaged"):
        file.read()
    assert (tmp_path / ASIDE).exists()
    assert file.read() == Journal(damaged=1)


def test_a_journal_that_cannot_be_written_stays_as_it_was(tmp_path: Path) -> None:
    file = JournalFile(tmp_path)
    (tmp_path / FILE).mkdir()
    with pytest.raises(ReachError):
        file.write(Journal())

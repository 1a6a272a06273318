"""The journal: whole or not there, and never changed by who reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.foundation.errors import ReachError
from skerry_edge.ota.journal import (
    ASIDE,
    FILE,
    DamagedJournalError,
    Journal,
    JournalFile,
    NoJournalError,
    journal_of,
)
from skerry_edge.ota.machine.figures import Before, Figures
from skerry_edge.ota.machine.record import Instant, begun

ORDER = UpdateOrder(id="r1", version="2.0.0", counter=2, probation_s=60, deadline_s=3600)
RECORD = begun("model/signs", ORDER, Instant(boot="b", since_boot_s=10.0))


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    file = JournalFile(tmp_path / "ota")
    with pytest.raises(NoJournalError) as caught:
        file.read()
    assert not isinstance(caught.value, DamagedJournalError)
    file.write(journal_of(RECORD))
    assert JournalFile(tmp_path / "ota").read() == Journal(record=RECORD)


def test_what_came_to_its_end_is_under_way_no_more() -> None:
    assert journal_of(replace(RECORD, state="idle", outcome="refused")) == Journal()


@pytest.mark.parametrize("place", range(0, 400, 7))
def test_a_bit_that_fell_over_anywhere_is_noticed_by_each_reader(place: int, tmp_path: Path) -> None:
    file = JournalFile(tmp_path)
    file.write(journal_of(RECORD))
    data = bytearray((tmp_path / FILE).read_bytes())
    data[place % len(data)] ^= 0x10
    (tmp_path / FILE).write_bytes(data)
    for _ in range(2):
        with pytest.raises(DamagedJournalError, match="damaged"):
            file.read()
    assert (tmp_path / FILE).read_bytes() == data


@pytest.mark.parametrize("is_folder", [False, True])
@pytest.mark.parametrize("earlier_is_folder", [False, True])
def test_what_is_damaged_can_be_set_aside_over_what_was_before(
    is_folder: bool, earlier_is_folder: bool, tmp_path: Path
) -> None:
    for path, as_folder in ((tmp_path / ASIDE, earlier_is_folder), (tmp_path / FILE, is_folder)):
        (path.mkdir if as_folder else path.touch)()
    file = JournalFile(tmp_path)
    file.set_aside()
    assert (tmp_path / ASIDE).is_dir() == is_folder
    file.write(Journal())
    assert file.read() == Journal()


def test_a_journal_that_cannot_be_written_stays_as_it_was(tmp_path: Path) -> None:
    file = JournalFile(tmp_path)
    (tmp_path / FILE).mkdir()
    with pytest.raises(ReachError):
        file.write(Journal())


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    file = JournalFile(tmp_path)
    file.write(Journal())
    many = Before(pipelines={f"pipeline-{number}": Figures() for number in range(20_000)})
    with pytest.raises(ReachError, match="longer"):
        file.write(Journal(record=replace(RECORD, before=many)))
    assert file.read() == Journal()

"""An update from CHECK to SELF-TEST: what ends it, and what it merely waits for."""

from __future__ import annotations

from pathlib import Path

import pytest

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.foundation.errors import ReachError
from skerry_edge.ota.errors import TransferError
from skerry_edge.ota.journal import Journal, JournalFile
from skerry_edge.ota.machine.happenings import Done, Happening
from skerry_edge.ota.machine.record import Instant, Record, begun
from skerry_edge.ota.preparing import chosen, prepare

ORDER = UpdateOrder(id="r1", version="2.0.0", counter=2, probation_s=60, deadline_s=3600)
NOW = Instant(boot="b", since_boot_s=10.0)


class Steps:
    """Steps that all end well but one."""

    def __init__(self, state: str, error: Exception) -> None:
        self.state, self.error = state, error

    def take(self, record: Record) -> Happening:
        if record.state == self.state:
            raise self.error
        return Done(to_sha256="1" * 64)


def prepared(folder: Path, steps: Steps) -> Record:
    file = JournalFile(folder)
    file.write(Journal(record=begun("model/signs", ORDER, NOW)))
    record = prepare(file, steps, lambda: NOW).record
    assert record is not None
    assert file.read().record == record
    return record


@pytest.mark.parametrize("reason", ["wrong-board", "wrong-platform", "agent-too-old", "counter", "archive"])
def test_what_verified_metadata_says_ends_an_order_at_once(reason: str, tmp_path: Path) -> None:
    record = prepared(tmp_path, Steps("check", ReleaseError(reason, "no")))
    assert (record.state, record.outcome, record.reason) == ("report-fail", "refused", reason)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        *((ReleaseError(word, "no"), word) for word in ("malformed", "not-found", "expired", "frozen", "unsigned")),
        (TransferError("network", "away"), "network"),
        (ReachError("the disk"), "read-only"),
    ],
)
@pytest.mark.parametrize("state", ["check", "download"])
def test_what_passes_is_waited_for(error: Exception, reason: str, state: str, tmp_path: Path) -> None:
    record = prepared(tmp_path, Steps(state, error))
    assert (record.state, record.outcome, record.reason) == (state, None, reason)


def test_a_record_without_a_choice_cannot_go_on() -> None:
    with pytest.raises(ReleaseError) as caught:
        chosen(begun("model/signs", ORDER, NOW))
    assert (caught.value.reason, caught.value.is_final) == ("journal", True)

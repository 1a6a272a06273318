"""The worker without an order: a look at the repository, left for the agent."""

from __future__ import annotations

from pathlib import Path

import pytest

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.ota.errors import TransferError
from skerry_edge.ota.looked import Looked, last_look
from skerry_edge.ota.places import Places
from skerry_edge.ota.worker import look


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

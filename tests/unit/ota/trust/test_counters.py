"""Release counters only ever rise."""

from __future__ import annotations

from pathlib import Path

import pytest

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.ota.trust.counters import CounterFloors


@pytest.fixture
def counters(tmp_path: Path) -> CounterFloors:
    return CounterFloors(tmp_path / "counters.json")


def test_the_higher_one_is_kept(counters: CounterFloors) -> None:
    counters.raise_to({"model/door": 3})
    counters.raise_to({"model/door": 2, "agent/skerry": 1})
    assert counters.read() == {"model/door": 3, "agent/skerry": 1}


def test_nothing_is_written_where_none_rises(counters: CounterFloors) -> None:
    counters.raise_to({"model/door": 3})
    before = counters.path.stat().st_ino
    counters.raise_to({"model/door": 3})
    assert counters.path.stat().st_ino == before


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"model/door": 0}', b'{"door": 1}', b'{"model/door": "3"}'])
def test_a_damaged_file_bars_updates_and_is_not_overwritten(counters: CounterFloors, damage: bytes) -> None:
    counters.path.write_bytes(damage)
    with pytest.raises(ReleaseError) as caught:
        counters.raise_to({"model/door": 9})
    assert caught.value.reason == "counter"
    assert counters.path.read_bytes() == damage

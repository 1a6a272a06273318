"""Release counters only ever rise, and what is forbidden is told apart from what was merely surpassed."""

from __future__ import annotations

from pathlib import Path

import pytest

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.ota.trust.counters import CounterFloors, Counters

DAMAGES = (b"", b"[]", b'{"committed": {"model/door": 0}}', b'{"committed": {"door": 1}}', b'{"forbidden": []}')


@pytest.fixture
def counters(tmp_path: Path) -> CounterFloors:
    return CounterFloors(tmp_path / "counters.json")


def whole(error: ReleaseError) -> None:
    pytest.fail(f"the counters were told to be lost: {error}")


def test_the_higher_one_of_each_kind_is_kept(counters: CounterFloors) -> None:
    counters.commit("model/door", 3, whole)
    counters.commit("model/door", 2, whole)
    counters.forbid({"model/door": 2, "agent/skerry": 4})
    counters.forbid({"agent/skerry": 1})
    found = counters.read()
    assert found == Counters(committed={"model/door": 3}, forbidden={"model/door": 2, "agent/skerry": 4})
    assert [found.lowest(one) for one in ("model/door", "agent/skerry", "model/other")] == [3, 4, 0]


def test_what_was_kept_may_be_gone_back_to_unless_it_is_forbidden(counters: CounterFloors) -> None:
    counters.commit("model/door", 3, whole)
    counters.forbid({"model/door": 2})
    counters.read().refuse_forbidden("model/door", 2)
    with pytest.raises(ReleaseError) as caught:
        counters.read().refuse_forbidden("model/door", 1)
    assert caught.value.reason == "counter"


def test_nothing_is_written_where_none_rises(counters: CounterFloors) -> None:
    counters.commit("model/door", 3, whole)
    counters.forbid({"model/door": 3})
    before = counters.path.stat().st_ino
    counters.commit("model/door", 3, whole)
    counters.forbid({"model/door": 2})
    assert counters.path.stat().st_ino == before


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_bars_updates_and_is_not_overwritten_by_a_look(counters: CounterFloors, damage: bytes) -> None:
    counters.path.write_bytes(damage)
    for use in (counters.read, lambda: counters.forbid({"model/door": 9})):
        with pytest.raises(ReleaseError) as caught:
            use()
        assert caught.value.reason == "counter"
    assert counters.path.read_bytes() == damage


def test_a_folder_in_its_place_is_damage_too(counters: CounterFloors) -> None:
    counters.path.mkdir()
    with pytest.raises(ReleaseError):
        counters.read()
    counters.commit("model/door", 9, lambda _: None)
    assert counters.read() == Counters(committed={"model/door": 9})


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_runs_already_is_committed_over_a_damaged_file_which_is_told_first(
    counters: CounterFloors, damage: bytes
) -> None:
    counters.path.write_bytes(damage)
    told: list[bytes] = []
    counters.commit("model/door", 9, lambda _: told.append(counters.path.read_bytes()))
    assert told == [damage]
    assert counters.read() == Counters(committed={"model/door": 9})
    assert counters.path.with_name("counters.json.damaged").read_bytes() == damage

"""What a device does not go behind, and what makes it forget."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_edge.ota.trust.floors import Floor, FloorFile, Floors

KEYS = {"timestamp": frozenset({"a"}), "snapshot": frozenset({"a"}), "targets": frozenset({"b"})}
SEEN = Floors().raised({"timestamp": 7, "snapshot": 5, "targets": 3}, KEYS, 1000)


def rotated(role: str) -> dict[str, frozenset[str]]:
    return {**KEYS, role: frozenset({"new"})}


def test_what_was_seen_is_the_lowest_that_may_come() -> None:
    assert [SEEN.lowest(role, KEYS) for role in ("timestamp", "snapshot", "targets")] == [7, 5, 3]
    assert SEEN.signed_under(KEYS) == 1000


@pytest.mark.parametrize(
    ("role", "left"),
    [
        ("timestamp", {"timestamp": 0, "snapshot": 0, "targets": 3}),
        ("snapshot", {"timestamp": 7, "snapshot": 0, "targets": 0}),
        ("targets", {"timestamp": 7, "snapshot": 5, "targets": 0}),
    ],
)
def test_new_keys_lift_the_floors_that_a_thief_of_the_old_ones_may_have_raised(role: str, left: dict[str, int]) -> None:
    assert {one: SEEN.lowest(one, rotated(role)) for one in left} == left


def test_a_new_timestamp_key_lifts_the_signed_time_with_it() -> None:
    assert SEEN.signed_under(rotated("timestamp")) is None
    after = SEEN.raised({"timestamp": 1, "snapshot": 1, "targets": 3}, rotated("timestamp"), 900)
    assert after.signed_s == 900


def test_the_signed_time_never_goes_back_under_the_same_keys() -> None:
    assert SEEN.raised({"timestamp": 8, "snapshot": 5, "targets": 3}, KEYS, 900).signed_s == 1000


def test_silence_is_counted_in_running_time_over_restarts_and_ends_with_news() -> None:
    floors = msgspec.structs.replace(SEEN, boot="one", running_s=100.0)
    floors = floors.aged(boot="one", running_s=150.0)
    assert floors.silent_s == 50
    floors = floors.aged(boot="two", running_s=30.0)
    assert floors.silent_s == 80
    same = {"timestamp": 7, "snapshot": 5, "targets": 3}
    assert floors.raised(same, KEYS, 1000).silent_s == 80
    assert floors.raised({**same, "timestamp": 8}, KEYS, 1001).silent_s == 0


def test_a_clock_that_goes_back_in_one_boot_takes_nothing_away() -> None:
    floors = msgspec.structs.replace(SEEN, boot="one", running_s=100.0, silent_s=10.0)
    assert floors.aged(boot="one", running_s=50.0).silent_s == 10


@given(
    st.dictionaries(st.sampled_from(["timestamp", "snapshot", "targets"]), st.integers(0, 2**53)),
    st.one_of(st.none(), st.integers(0, 2**53)),
)
def test_floors_survive_their_file(tmp_path_factory, versions: dict[str, int], signed_s: int | None) -> None:
    file = FloorFile(tmp_path_factory.mktemp("floors") / "floors.json")
    roles = {role: Floor(version=version, keys=frozenset({"k"})) for role, version in versions.items()}
    floors = Floors(roles=roles, signed_s=signed_s, boot="b", running_s=1.5)
    file.write(floors)
    assert file.read() == floors


def test_no_file_means_nothing_was_seen_and_a_damaged_one_is_told_apart(tmp_path: Path) -> None:
    file = FloorFile(tmp_path / "floors.json")
    assert file.read() == Floors()
    for damage in (b"", b"{", b'{"v":2}', b'{"roles":{"timestamp":{"version":-1,"keys":[]}}}', b"[" * 50_000):
        file.path.write_bytes(damage)
        assert file.read() is None

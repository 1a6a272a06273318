"""What a server shows held against what it must show: nothing that differs is overlooked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from skerry_edge.foundation.errors import DataError, ReachError
from skerry_server.simulate.comparison import ShownDevice, compare
from skerry_server.simulate.expectation import (
    Expectation,
    ExpectedDevice,
    encode_expectation,
    read_expectation,
    write_expectation,
)

EXPECTED = Expectation(
    run="run-7-1",
    seed=1,
    trouble="none",
    first_start=70000000,
    devices=[
        ExpectedDevice(
            device="sim-0001",
            site="mill",
            presence="online",
            reason=None,
            session="70000001-abcdef01",
            seq=9,
            heartbeats=5,
            events=2,
            clock_offsets_s={"70000000": 50.0, "70000001": 100.0},
        )
    ],
    dead_letters={"schema": 2},
    sent={},
)
SHOWN = ShownDevice(
    site="mill",
    presence="online",
    reason=None,
    session="70000001-abcdef01",
    seq=9,
    heartbeats=5,
    events=2,
    clock_offsets_s={"70000001": 101.0},
)
LETTERS = {"schema": 2}


def test_a_server_that_shows_it_all_differs_in_nothing():
    assert compare(EXPECTED, {"sim-0001": SHOWN, "another": SHOWN}, LETTERS) == []


@pytest.mark.parametrize(
    ("change", "figure"),
    [
        ({"site": "harbour"}, "site"),
        ({"presence": "offline"}, "presence"),
        ({"reason": "connection lost"}, "reason"),
        ({"session": None}, "session"),
        ({"seq": 8}, "seq"),
        ({"heartbeats": 4}, "heartbeats"),
        ({"events": 3}, "events"),
        ({"clock_offsets_s": {}}, "clock offset of start 70000001"),
        ({"clock_offsets_s": {"70000001": 1000.0}}, "clock offset of start 70000001"),
        ({"clock_offsets_s": {"70000001": 100.0, "70000002": 1.0}}, "clock offset of start 70000002"),
    ],
)
def test_each_figure_that_differs_is_named(change, figure):
    (difference,) = compare(EXPECTED, {"sim-0001": replace(SHOWN, **change)}, LETTERS)
    assert (difference.subject, difference.figure) == ("sim-0001", figure)


def test_a_device_and_a_dead_letter_that_are_missing_or_too_many_are_named():
    missing, letters, more = compare(EXPECTED, {}, {"schema": 1, "topic": 1})
    assert (missing.subject, missing.found) == ("sim-0001", "not known")
    assert (letters.figure, letters.expected, letters.found) == ("schema", "2", "1")
    assert (more.figure, more.expected, more.found) == ("topic", "0", "1")


def test_an_expectation_survives_its_file(tmp_path):
    write_expectation(tmp_path / "expect.json", EXPECTED)
    assert read_expectation(tmp_path / "expect.json") == EXPECTED


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b"[" * 100_000, encode_expectation(EXPECTED)[:-20]])
def test_a_file_that_is_no_expectation_is_refused_with_its_name(tmp_path, content):
    path = tmp_path / "expect.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"expect\.json"):
        read_expectation(path)
    with pytest.raises(ReachError):
        read_expectation(tmp_path / "nothing.json")

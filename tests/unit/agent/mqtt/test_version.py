"""Which version of MQTT is tried next."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from skerry_edge.agent.mqtt.version import (
    LONG_SILENCES,
    SILENCES,
    Doubt,
    Setting,
    Version,
    VersionChoice,
    accepted,
    failed,
    first_choice,
)


def versions(choice: VersionChoice, doubts: Sequence[Doubt | None]) -> list[Version]:
    """The version of each attempt, where every one fails in the given way, and of the one after them."""
    tried = [choice.version]
    for doubt in doubts:
        choice = failed(choice, doubt)
        tried.append(choice.version)
    return tried


@pytest.mark.parametrize(("setting", "version"), [("auto", "5"), ("5", "5"), ("3.1.1", "3.1.1")])
def test_the_newest_version_comes_first_unless_one_is_set(setting: Setting, version: Version) -> None:
    assert versions(first_choice(setting), ["silent"] * 5)[0] == version


@pytest.mark.parametrize("setting", ["5", "3.1.1"])
def test_a_version_that_was_set_is_kept(setting: Setting) -> None:
    assert set(versions(first_choice(setting), ["silent", "refused", None] * 3)) == {setting}


def test_a_refused_version_is_left_at_once() -> None:
    assert versions(first_choice("auto"), ["refused"]) == ["5", "3.1.1"]


def test_silence_says_something_only_after_several_times_in_a_row() -> None:
    assert versions(first_choice("auto"), ["silent"] * SILENCES) == ["5"] * SILENCES + ["3.1.1"]
    assert "3.1.1" not in versions(first_choice("auto"), ["silent", "silent", None] * 5)


def test_a_broker_that_has_spoken_5_is_asked_for_3_1_1_once_after_a_long_silence() -> None:
    known = accepted(first_choice("auto"))
    one_round = ["5"] * LONG_SILENCES + ["3.1.1"]
    assert versions(known, ["silent"] * (2 * LONG_SILENCES + 1)) == one_round + one_round
    assert set(versions(known, (["silent"] * (LONG_SILENCES - 1) + [None]) * 3)) == {"5"}, "an answer ends a silence"
    assert versions(known, ["silent", "refused"]) == ["5", "5", "3.1.1"], "or at once where it says so itself"


def test_a_broker_that_was_exchanged_for_an_older_one_is_known_as_such_from_then_on() -> None:
    choice = accepted(first_choice("auto"))
    for _ in range(LONG_SILENCES):
        choice = failed(choice, "silent")
    assert choice.version == "3.1.1"
    assert versions(accepted(choice), ["silent"]) == ["5", "3.1.1"], "5 first, and one silence is enough"


def test_after_a_connection_with_3_1_1_version_5_comes_first_again() -> None:
    fallen_back = failed(first_choice("auto"), "refused")
    assert fallen_back.version == "3.1.1"
    again = accepted(fallen_back)
    assert again.version == "5"
    assert versions(again, ["silent"]) == ["5", "3.1.1"], "one silence is enough for a broker known to speak 3.1.1"
    assert set(versions(accepted(again), ["silent"] * 5)) == {"5"}, "until it speaks 5"


def test_what_was_fallen_back_to_and_failed_gives_way_to_5() -> None:
    assert versions(first_choice("auto"), ["refused", None, "refused", "silent"]) == ["5", "3.1.1", "5", "3.1.1", "5"]

"""What a broker's refusal means."""

from __future__ import annotations

import pytest

from skerry_edge.agent.mqtt.refusal import (
    TAKEN_OVER,
    BrokerError,
    Setting,
    Version,
    first_version,
    next_version,
    refused,
)

IN_DOUBT = BrokerError("closed without an answer", where="mqtt://broker:1883", version_in_doubt=True)
UNREACHABLE = BrokerError("cannot be reached", where="mqtt://broker:1883")


@pytest.mark.parametrize(("setting", "version"), [("auto", "5"), ("5", "5"), ("3.1.1", "3.1.1")])
def test_the_newest_version_comes_first_unless_one_is_set(setting: Setting, version: Version) -> None:
    assert first_version(setting) == version


def test_auto_tries_the_other_version_when_this_one_may_be_unknown_to_the_broker() -> None:
    assert next_version("auto", "5", IN_DOUBT) == "3.1.1"
    assert next_version("auto", "3.1.1", IN_DOUBT) == "5"


def test_a_broker_that_is_away_says_nothing_about_its_version() -> None:
    assert next_version("auto", "5", UNREACHABLE) == "5"


def test_a_version_that_was_set_is_kept() -> None:
    assert next_version("5", "5", IN_DOUBT) == "5"


def test_an_unsupported_version_puts_the_version_in_doubt() -> None:
    error = refused("refused", where="mqtt://broker:1883", code=0x84, name="Unsupported protocol version")
    assert next_version("auto", "5", error) == "3.1.1"


def test_a_refusal_says_what_to_do_about_it() -> None:
    error = refused("ended", where="mqtt://broker:1883", code=TAKEN_OVER, name="Session taken over")
    assert "give each device its own 'device'" in str(error)
    assert "Session taken over" in str(error)

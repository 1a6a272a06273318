"""What a broker's refusal means."""

from __future__ import annotations

from skerry_edge.agent.mqtt.refusal import TAKEN_OVER, refused


def test_an_unsupported_version_is_told_apart_from_silence() -> None:
    error = refused("refused", where="mqtt://broker:1883", code=0x84, name="Unsupported protocol version")
    assert error.version_doubt == "refused"


def test_a_refusal_says_what_to_do_about_it() -> None:
    error = refused("ended", where="mqtt://broker:1883", code=TAKEN_OVER, name="Session taken over")
    assert "give each device its own 'device'" in str(error)
    assert "Session taken over" in str(error)


def test_no_message_is_blamed_for_another_client() -> None:
    assert not refused("ended", where="mqtt://broker", code=TAKEN_OVER, name="Session taken over").may_be_of_message
    assert refused("ended", where="mqtt://broker", code=0x95, name="Packet too large").may_be_of_message

"""Native chatter: what is only information is left out, and nothing else."""

from __future__ import annotations

import os

import pytest

from skerry_edge.backends.native_output import held_stderr, only_warnings


def test_information_is_left_out_and_the_rest_is_let_through(capfd: pytest.CaptureFixture[str]) -> None:
    with only_warnings():
        os.write(2, b"INFO: Created a delegate.\nWARNING: something\nplain\n")
    assert capfd.readouterr().err == "WARNING: something\nplain\n"


def test_what_was_written_before_a_failure_is_still_let_through(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with only_warnings():
            os.write(2, b"ERROR: bad file\n")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert capfd.readouterr().err == "ERROR: bad file\n"


def test_held_chatter_can_be_read_and_stderr_is_given_back(capfd: pytest.CaptureFixture[str]) -> None:
    with held_stderr() as chatter:
        os.write(2, b"held\n")
        assert chatter.text() == "held\n"
    os.write(2, b"free\n")
    assert capfd.readouterr().err == "free\n"

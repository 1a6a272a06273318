"""A child's log on its way through the parent."""

from __future__ import annotations

import logging

import pytest

from skerry_edge.agent.children.log_lines import MAX_LOG_LINE_BYTES, LogLines, level_of


def test_lines_are_passed_on_when_they_are_complete() -> None:
    lines = LogLines()
    assert lines.feed(b"one\ntw") == ["one"]
    assert lines.feed(b"o\n\nthree") == ["two"]
    assert lines.close() == ["three"]


def test_a_line_without_an_end_is_cut_in_pieces() -> None:
    lines = LogLines()
    pieces = lines.feed(b"x" * (2 * MAX_LOG_LINE_BYTES + 1))
    assert [len(piece) for piece in pieces] == [MAX_LOG_LINE_BYTES, MAX_LOG_LINE_BYTES]
    assert lines.close() == ["x"]


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    assert LogLines().feed(b"caf\xe9\n") == ["caf\ufffd"]


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("ERROR skerry_edge.vision: no", logging.ERROR),
        ("WARNING x: y", logging.WARNING),
        ("INFO x: y", logging.INFO),
        ("ERRORS are not a level", logging.INFO),
        ("some library says something", logging.INFO),
        ("", logging.INFO),
    ],
)
def test_a_line_keeps_its_level(line: str, level: int) -> None:
    assert level_of(line) == level

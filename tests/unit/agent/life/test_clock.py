"""Whether the wall clock can be trusted."""

from __future__ import annotations

import pytest

from skerry_edge.agent.life.clock import clock_state, state_from


@pytest.mark.parametrize(
    ("answer", "status", "marked", "state"),
    [
        (0, 0x0001, False, "synced"),
        (4, 0x2001, False, "synced"),
        (0, 0x0041, False, "unsynced"),
        (5, 0x0040, False, "unsynced"),
        (5, 0x0000, True, "unsynced"),
        (-1, 0, True, "synced"),
        (-1, 0, False, "unsynced"),
    ],
)
def test_the_kernels_word_counts_and_the_mark_only_without_it(
    answer: int, status: int, marked: bool, state: str
) -> None:
    assert state_from(answer, status, marked=marked) == state


def test_this_machine_gives_an_answer() -> None:
    assert clock_state() in ("synced", "unsynced")

"""Contenders in turn, and the warm-up before anything counts; contenders here take as long as they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import repeat

import pytest

from skerry_edge.bench.speed.blocks import Block
from skerry_edge.bench.speed.interleaving import Rounds, interleave
from skerry_edge.bench.speed.measuring import warm_up_until_stable
from skerry_edge.bench.speed.pacing import BLOCK_S, MOST_WARM_UP_S


class Told:
    """A contender whose calls take what it is told, one value a block, and that notes when it runs."""

    def __init__(self, name: str, times_ms: Iterator[float], log: list[tuple[str, int]]) -> None:
        self.name, self.times_ms, self.log = name, times_ms, log

    def run(self, calls: int) -> Block:
        self.log.append((self.name, calls))
        call_ms = next(self.times_ms)
        stages = {"end_to_end": [call_ms] * calls}
        return Block(stages_ms=stages, elapsed_s=calls * call_ms / 1e3, cpu_s=0.0, peak_memory_mb=1.0)


@pytest.fixture
def told() -> Callable[..., tuple[list[Told], list[tuple[str, int]]]]:
    """Return a function that makes contenders of the times of their calls, and their common log."""

    def make(**times_ms: Iterator[float]) -> tuple[list[Told], list[tuple[str, int]]]:
        log: list[tuple[str, int]] = []
        return [Told(name, times, log) for name, times in times_ms.items()], log

    return make


def test_contenders_run_in_turn_and_the_first_call_of_a_turn_does_not_count(told) -> None:
    contenders, log = told(a=repeat(10.0), b=repeat(50.0))
    turns = interleave(contenders, Rounds(count=3, block_s=0.1), lambda _share: None)
    assert log[-12:] == [("a", 1), ("a", 10), ("b", 1), ("b", 2)] * 3
    assert turns == [[(10.0,) * 10] * 3, [(50.0,) * 2] * 3]


def test_networks_of_microseconds_keep_what_tells_them_apart(told) -> None:
    contenders, _ = told(a=repeat(0.01049), b=repeat(0.01051))
    over, under = interleave(contenders, Rounds(count=1, block_s=0.001), lambda _share: None)
    assert over[0][0] / under[0][0] == pytest.approx(1.0, abs=0.02)


def test_blocks_fill_the_time_that_was_asked_for_and_are_never_fewer_than_ten() -> None:
    assert Rounds.within(5.0) == Rounds(count=20, block_s=BLOCK_S)
    assert Rounds.within(0.5) == Rounds(count=10, block_s=0.05)


def test_a_warm_up_ends_when_blocks_are_alike(told) -> None:
    (contender,), _ = told(a=iter([900.0, 80.0, 20.0, 10.0, 10.1, 10.2, 1e6]))
    warm_up, last = warm_up_until_stable(contender)
    assert warm_up.stable
    assert last.stages_ms["end_to_end"][0] == 10.2


def test_calls_that_never_become_alike_are_measured_all_the_same(told) -> None:
    (contender,), _ = told(a=(1000.0 * 1.5**number for number in range(100)))
    warm_up, _ = warm_up_until_stable(contender)
    assert not warm_up.stable
    assert MOST_WARM_UP_S < warm_up.elapsed_s < 4 * MOST_WARM_UP_S

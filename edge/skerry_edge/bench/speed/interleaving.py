"""Contenders in turn, A B A B …, so that what else the machine does falls on all of them alike."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from skerry_edge.bench.speed.contender import Contender
from skerry_edge.bench.speed.measuring import Progress, rounded, warm_up_until_stable
from skerry_edge.bench.speed.pacing import BLOCK_S, calls_for

FEWEST_ROUNDS = 10
_PAUSE_S = 0.05
"""Some runtimes' workers wait by spinning for some 30 ms after a call, on the cores on which the next one is timed."""

Turns = list[tuple[float, ...]]
"""One contender's end-to-end milliseconds, one block a round."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rounds:
    """How many rounds there are, and for about how long each contender runs in one."""

    count: int
    block_s: float = BLOCK_S

    @classmethod
    def within(cls, duration_s: float) -> Rounds:
        """Return the rounds that give each contender about ``duration_s``."""
        count = max(FEWEST_ROUNDS, round(duration_s / BLOCK_S))
        return cls(count=count, block_s=duration_s / count)


def interleave(contenders: Sequence[Contender], rounds: Rounds, done: Progress) -> list[Turns]:
    """Run a block of each contender a round, all of them warm; return the blocks of each, round by round.

    The first call of a block finds the caches full of another's data, and is not timed. Raises what calls raise.
    """
    sizes = []
    for one in contenders:
        _, last = warm_up_until_stable(one)
        sizes.append(calls_for(last.elapsed_s * 1e3 / len(last.stages_ms["end_to_end"]), rounds.block_s))
    turns: list[Turns] = [[] for _ in contenders]
    for number in range(rounds.count):
        done(number / rounds.count)
        for one, size, own in zip(contenders, sizes, turns, strict=True):
            time.sleep(_PAUSE_S)
            one.run(1)
            own.append(rounded(one.run(size)))
    return turns

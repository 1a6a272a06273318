"""One row from a cold start to its figures; whatever happens to its process, the other rows go on."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import msgspec

from skerry_edge.bench.speed.blocks import Block
from skerry_edge.bench.speed.cold import WORKER, ColdOrder
from skerry_edge.bench.speed.conditions import Moment, disturbances, summarise
from skerry_edge.bench.speed.contender import Contender
from skerry_edge.bench.speed.frames import FrameSource
from skerry_edge.bench.speed.machine import load_1min
from skerry_edge.bench.speed.pacing import MOST_WARM_UP_S, Amount, calls_for, is_settled
from skerry_edge.bench.speed.plan import PlannedRow
from skerry_edge.bench.speed.processor_time import read_processor_time
from skerry_edge.bench.speed.result import Outcome, Row, WarmUp
from skerry_edge.bench.speed.sensors import Sensors
from skerry_edge.bench.speed.spread import spread
from skerry_edge.bench.speed.subject import Subject, WakeWordSubject
from skerry_edge.foundation.errors import MissingError, SkerryError

_DIGITS = 4

Progress = Callable[[float], None]
"""Is told the share of the work that is done, 0 to 1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How long to measure, and when to give up on a process that says nothing; 0 s waits for ever."""

    amount: Amount
    stall_s: float = 120.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """A row, and the error behind it where it has no figures."""

    row: Row
    error: SkerryError | None = None


def measure_row(planned: PlannedRow, frames: FrameSource, pace: Pace, sensors: Sensors, done: Progress) -> Measured:
    """Measure a row in a process of its own."""
    if planned.backend is None:
        missing = MissingError(planned.reason or "no backend loads it")
        return Measured(row=described(planned, "not run", missing.what), error=missing)
    subject = subject_of(planned, planned.backend, frames)
    order = ColdOrder(subject=subject, started_s=time.monotonic())
    try:
        with closing(Contender(WORKER, order, stall_s=pace.stall_s)) as ours:
            return Measured(row=_measured(planned, ours, pace.amount, sensors, done))
    except MissingError as error:
        return Measured(row=described(planned, "not run", str(error)), error=error)
    except SkerryError as error:
        return Measured(row=described(planned, "failed", str(error)), error=error)


def subject_of(planned: PlannedRow, backend: str, frames: FrameSource) -> Subject | WakeWordSubject:
    """Return what the row's process is told to run."""
    if planned.word is not None:
        return WakeWordSubject(word=planned.word, backend=backend, threads=planned.threads, frames=frames)
    return Subject(
        bundle=planned.path, variant=planned.variant, backend=backend, threads=planned.threads, frames=frames
    )


def described(planned: PlannedRow, outcome: Outcome, reason: str | None) -> Row:
    """Return a row without figures."""
    return Row(
        model=planned.model,
        version=planned.version,
        variant=planned.variant,
        backend=planned.backend,
        threads=planned.threads,
        outcome=outcome,
        reason=reason,
        precision=planned.precision,
        size_bytes=planned.size_bytes,
    )


def _measured(planned: PlannedRow, ours: Contender, amount: Amount, sensors: Sensors, done: Progress) -> Row:
    load = load_1min()
    warm_up, last = warm_up_until_stable(ours)
    blocks: list[Block] = []
    moments = [_moment(sensors, ours)]
    call_ms = last.elapsed_s * 1e3 / _calls(last)
    while (share := amount.share_done(sum(map(_calls, blocks)), sum(one.elapsed_s for one in blocks))) < 1:
        done(share)
        blocks.append(ours.run(calls_for(call_ms, amount.block_s)))
        moments.append(_moment(sensors, ours))
    calls = sum(map(_calls, blocks))
    conditions = summarise(moments, load_1min=load, calls=calls)
    stages = {name: [value for one in blocks for value in one.stages_ms[name]] for name in blocks[0].stages_ms}
    return msgspec.structs.replace(
        described(planned, "measured", None),
        cold_start=ours.ready.cold_start,
        warm_up=warm_up,
        calls=calls,
        stages_ms={name: spread(values) for name, values in stages.items()},
        cpu_ms=round(sum(one.cpu_s for one in blocks) * 1e3 / calls, 4),
        peak_memory_mb=round(blocks[-1].peak_memory_mb - ours.ready.spare_mb, 1),
        conditions=conditions,
        disturbed=disturbances(conditions, settled=warm_up.stable),
        blocks_ms=tuple(rounded(one) for one in blocks),
    )


def warm_up_until_stable(contender: Contender) -> tuple[WarmUp, Block]:
    """Run blocks until they are alike, or the time for it is over; return what ran, and the last block."""
    blocks = [contender.run(1)]
    while not is_settled([one.stages_ms["end_to_end"] for one in blocks]):
        if sum(one.elapsed_s for one in blocks) > MOST_WARM_UP_S:
            break
        blocks.append(contender.run(calls_for(blocks[-1].elapsed_s * 1e3 / _calls(blocks[-1]))))
    warm_up = WarmUp(
        calls=sum(map(_calls, blocks)),
        elapsed_s=round(sum(one.elapsed_s for one in blocks), 3),
        stable=is_settled([one.stages_ms["end_to_end"] for one in blocks]),
    )
    return warm_up, blocks[-1]


def rounded(block: Block) -> tuple[float, ...]:
    """Return the end-to-end milliseconds of a block's calls, to a tenth of a microsecond.

    A sensor's network takes ten of them: rounded to whole ones, its median would jump by more than a usual margin.
    """
    return tuple(round(value, _DIGITS) for value in block.stages_ms["end_to_end"])


def _calls(block: Block) -> int:
    return len(block.stages_ms["end_to_end"])


def _moment(sensors: Sensors, ours: Contender) -> Moment:
    return Moment(reading=sensors.read(), processor=read_processor_time(), own_cpu_s=ours.cpu_s + time.process_time())

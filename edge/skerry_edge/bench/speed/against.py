"""A benchmark against an earlier one: what may be compared, and which rows are slower for real. No I/O in here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from skerry_edge.bench.speed.result import Against, Change, Input, Keyed, Machine, Row, SpeedReport
from skerry_edge.bench.speed.spread import independent_ratio, median_ms
from skerry_edge.foundation.errors import ConfigError

_MACHINE = ("processor", "architecture", "cores", "board")
"""What makes a machine another one; memory, governor and kernel are told as differences."""

FEWEST_BLOCKS = 5
"""Resampling fewer gives intervals that look narrow and mean nothing."""

Key = tuple[str, str, str | None, int]


def check_comparable(base: SpeedReport, where: str, machine: Machine, looked_at: Input, keys: Sequence[Key]) -> None:
    """Refuse an earlier result of which no row could be compared, before anything is measured.

    Raises ConfigError for a result of another machine or another input, and for one that shares no row.
    """
    for name in _MACHINE:
        then, now = getattr(base.machine, name), getattr(machine, name)
        if then != now:
            raise ConfigError(
                f"the earlier result is from a machine with another {name}",
                where=where,
                found=f"{then}, here {now}",
                todo="compare results of one machine",
            )
    if base.input.sha256 != looked_at.sha256:
        found = f"{_input(base.input)}, now {_input(looked_at)}"
        raise ConfigError(
            "the earlier result looked at other pictures", where=where, found=found, todo="give the same --frame"
        )
    known = {row.key for row in base.measured}
    if not known & set(keys):
        raise ConfigError(
            "the earlier result has none of these rows",
            where=where,
            found=", ".join(sorted(_told(row) for row in base.measured)) or "no row with figures",
            todo="give the same models, variants, backends and threads",
        )


def compare(base: SpeedReport, where: str, now: SpeedReport, margin: float) -> Against:
    """Return every row's change; ``margin`` is a share, by which a median may differ without being a regression."""
    then = {row.key: row for row in base.rows}
    changes = [_change(then.get(row.key), row, margin) for row in now.rows]
    gone = [row for row in base.rows if row.key not in {one.key for one in now.rows}]
    changes += [_not_compared(row, "it is not measured now") for row in gone]
    return Against(base=where, margin=margin, changes=tuple(changes), differences=tuple(_differences(base, now)))


def _change(then: Row | None, now: Row, margin: float) -> Change:
    if then is None:
        return _not_compared(now, "it is not in the earlier result")
    for row, when in ((then, "then"), (now, "now")):
        if row.outcome != "measured":
            return _not_compared(now, f"{row.outcome} {when}: {row.reason}")
        if len(row.blocks_ms) < FEWEST_BLOCKS:
            return _not_compared(now, f"too few blocks of calls {when} for an interval: give a longer --duration")
    ratio = independent_ratio(now.blocks_ms, then.blocks_ms)
    figures = Change(
        model=now.model,
        variant=now.variant,
        backend=now.backend,
        threads=now.threads,
        verdict="no change",
        base_ms=round(median_ms(then.blocks_ms), 4),
        now_ms=round(median_ms(now.blocks_ms), 4),
        ratio=round(ratio.value, 4),
        low=round(ratio.low, 4),
        high=round(ratio.high, 4),
    )
    return judge(figures, margin, disturbed_then=bool(then.disturbed), disturbed_now=bool(now.disturbed))


def judge(figures: Change, margin: float, *, disturbed_then: bool, disturbed_now: bool) -> Change:
    """Return the change with its verdict.

    A disturbance only makes slower: a run that is slower while it was disturbed tells nothing, and neither does one
    that is not slower than a disturbed one.
    """
    ratio, low, high = figures.ratio or 1.0, figures.low or 0.0, figures.high or 0.0
    slower, faster = ratio > 1 + margin and low > 1, ratio < 1 / (1 + margin) and high < 1
    if slower and disturbed_now:
        return _undecided(figures, "slower, but this run was disturbed: measure again")
    if not slower and disturbed_then:
        return _undecided(figures, "not slower, but the earlier run was disturbed")
    if slower:
        return msgspec.structs.replace(figures, verdict="regression")
    return msgspec.structs.replace(figures, verdict="improvement") if faster else figures


def _undecided(figures: Change, reason: str) -> Change:
    return msgspec.structs.replace(figures, verdict="not compared", reason=reason)


def _not_compared(row: Keyed, reason: str) -> Change:
    return Change(
        model=row.model,
        variant=row.variant,
        backend=row.backend,
        threads=row.threads,
        verdict="not compared",
        reason=reason,
    )


def _differences(base: SpeedReport, now: SpeedReport) -> Iterator[str]:
    yield from _changed(base.versions, now.versions)
    for name in ("governor", "system", "memory_mb", "features"):
        yield from _changed({name: getattr(base.machine, name)}, {name: getattr(now.machine, name)})
    yield from _changed(_models(base.rows), _models(now.rows))


def _models(rows: Iterable[Row]) -> dict[str, object]:
    return {row.model: row.version for row in rows}


def _changed(then: Mapping[str, object], now: Mapping[str, object]) -> Iterator[str]:
    for name in sorted({*then, *now}):
        if then.get(name) != now.get(name):
            yield f"{name} was {then.get(name, 'absent')}, is {now.get(name, 'absent')}"


def _input(one: Input) -> str:
    return f"{one.source}, {one.width_px}x{one.height_px}"


def _told(row: Row) -> str:
    return f"{row.model} {row.name} on {row.backend}"

"""A benchmark's figures in words, the same on the terminal and on the page."""

from __future__ import annotations

from collections.abc import Mapping

from skerry_edge.bench.evaluation import words
from skerry_edge.bench.speed.result import Change, Conditions, Input, Keyed, Machine, PeerFigures, Row, SpeedReport

NOT_MEASURED = "not measured"
TIME_HEADINGS = ("p50", "p90", "p95", "p99", "max", "calls")
STAGE_HEADINGS = ("preprocess", "inference", "postprocess", "CPU time")
COST_HEADINGS = ("import ms", "load ms", "first ms", "peak MB", "file kB")
CONDITION_HEADINGS = ("others", "stolen", "°C", "MHz", "throttled", "mJ a call")
PEER_HEADINGS = ("its ms", "ours ms", "ratio", "95 % interval")
CHANGE_HEADINGS = ("then ms", "now ms", "ratio", "95 % interval", "verdict")


def row_name(report: SpeedReport, row: Keyed) -> str:
    """Return what a row is called: without the model's name where there is only one."""
    several = len({one.model for one in report.rows}) > 1
    return f"{row.model} {row.name}" if several else row.name


def milliseconds(value: float | None) -> str:
    """Return a time with three digits that count."""
    if value is None:
        return words.NONE
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def time_cells(row: Row) -> tuple[str, ...]:
    """Return the end-to-end times under `TIME_HEADINGS`."""
    total = row.stages_ms.get("end_to_end")
    times = (getattr(total, name, None) for name in ("p50", "p90", "p95", "p99", "max"))
    return (*map(milliseconds, times), f"{row.calls:,}" if row.calls else words.NONE)


def stage_cells(row: Row) -> tuple[str, ...]:
    """Return the median of each stage and the processor time under `STAGE_HEADINGS`."""
    stages = (row.stages_ms.get(name) for name in ("preprocess", "inference", "postprocess"))
    return (*(milliseconds(one.p50 if one else None) for one in stages), milliseconds(row.cpu_ms))


def cost_cells(row: Row) -> tuple[str, ...]:
    """Return the cold start, memory and size under `COST_HEADINGS`."""
    cold = row.cold_start
    starts = (cold.import_ms, cold.load_ms, cold.first_ms) if cold else (None, None, None)
    memory = words.NONE if row.peak_memory_mb is None else f"{row.peak_memory_mb:.0f}"
    size = words.NONE if row.size_bytes is None else f"{row.size_bytes / 1e3:,.0f}"
    return (*map(milliseconds, starts), memory, size)


def condition_cells(conditions: Conditions) -> tuple[str, ...]:
    """Return the machine's conditions under `CONDITION_HEADINGS`."""
    throttled = NOT_MEASURED if conditions.throttled is None else "yes" if conditions.throttled else "no"
    return (
        _told(conditions.others_share, "{:.0%}"),
        _told(conditions.steal_share, "{:.0%}"),
        _told(conditions.temperature_c, "{:.0f}"),
        _told(conditions.clock_mhz, "{:,.0f}"),
        throttled,
        _told(conditions.energy_mj, "{:.2f}"),
    )


def accuracy_cell(row: Row) -> str:
    """Return AP50 with its interval."""
    figures = row.accuracy
    if figures is None:
        return words.NONE
    if figures.ap50_low is None or figures.ap50_high is None:
        return words.share(figures.ap50)
    ends = words.between(words.share(figures.ap50_low), words.share(figures.ap50_high))
    return f"{words.share(figures.ap50)} ({ends})"


def peer_name(report: SpeedReport, row: Row, peer: PeerFigures) -> str:
    """Return which tool ran beside which row, and the file that it ran."""
    return f"{row_name(report, row)} beside {peer.peer}{f' ({peer.computes})' if peer.computes else ''}"


def peer_cells(peer: PeerFigures) -> tuple[str, ...]:
    """Return a peer's figures under `PEER_HEADINGS`."""
    return (
        milliseconds(peer.peer_ms),
        milliseconds(peer.ours_ms),
        *_ratio_cells(peer.ratio, peer.low, peer.high),
    )


def change_cells(change: Change) -> tuple[str, ...]:
    """Return a comparison with an earlier result under `CHANGE_HEADINGS`; its reason is a remark."""
    times = map(milliseconds, (change.base_ms, change.now_ms))
    return (*times, *_ratio_cells(change.ratio, change.low, change.high), change.verdict)


def remarks(report: SpeedReport) -> list[tuple[str, str]]:
    """Return what is to be said of single rows: why one has no figures, and what its comparisons lack."""
    told = [(row_name(report, row), text) for row in report.rows for text in _remarks(row)]
    changes = report.against.changes if report.against else ()
    return told + [(row_name(report, one), f"{one.verdict}: {one.reason}") for one in changes if one.reason]


def _remarks(row: Row) -> tuple[str, ...]:
    found = [f"{row.outcome}: {row.reason}"] if row.outcome != "measured" else []
    if row.disturbed:
        found.append(f"disturbed: {'; '.join(row.disturbed)}")
    if row.outcome == "measured" and row.accuracy_not_measured:
        found.append(f"accuracy {row.accuracy_not_measured}")
    return (*found, *(f"{one.peer} {one.outcome}: {one.reason}" for one in row.peers if one.reason))


def machine_words(machine: Machine) -> str:
    """Return what the figures were measured on."""
    parts = [
        *([machine.board] if machine.board else []),
        machine.processor,
        f"{words.count(machine.cores, 'core')} ({machine.architecture})",
        *([" ".join(machine.features)] if machine.features else []),
        *([f"governor {machine.governor}"] if machine.governor else []),
        f"load {machine.load_1min:g} at the start",
    ]
    return ", ".join(parts)


def input_words(looked_at: Input) -> str:
    """Return what detectors looked at."""
    size = f"{looked_at.width_px}x{looked_at.height_px}"
    if looked_at.pictures == 1:
        return f"{looked_at.source}, {size}"
    return f"{looked_at.pictures} pictures of {looked_at.source} in turn, the first {size}"


def missing_words(not_measured: Mapping[str, str]) -> str:
    """Return what the machine does not tell."""
    told: dict[str, list[str]] = {}
    for name, reason in not_measured.items():
        told.setdefault(reason, []).append(name.removesuffix("_c").removesuffix("_mhz").removesuffix("_mj"))
    return "; ".join(f"{' and '.join(names)} ({reason})" for reason, names in told.items())


def _ratio_cells(ratio: float | None, low: float | None, high: float | None) -> tuple[str, str]:
    if ratio is None or low is None or high is None:
        return words.NONE, words.NONE
    return f"{ratio:.3g}", words.between(f"{low:.3g}", f"{high:.3g}")


def _told(value: float | None, form: str) -> str:
    return NOT_MEASURED if value is None else form.format(value)

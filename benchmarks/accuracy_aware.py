"""What `--max-drop` reaches: on Yolo-Fastest, and on the same network with its channels pulled apart."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.lopsided import lopsided
from benchmarks.report import Figure, at_least, at_most
from benchmarks.voc_halves import Halves, both_ways, data_folder, photographs, yolo_fastest

from skerry_converters.accuracy.recipe import Aim
from skerry_converters.accuracy.report import SearchReport
from skerry_converters.accuracy.sensitivity import LEAST_INTEGER_SHARE

AIM = Aim(max_drop=2.0, budget_s=300.0)
WAYS = ("odd", "even", "all")


def searched_figures(runtimes: Sequence[str]) -> Iterator[Figure]:
    """Yield what is lost with a search, and how much of the work stays on integers.

    Raises FileNotFoundError where there are no photographs.
    """
    folder = data_folder()
    source, paths = yolo_fastest(folder), photographs(folder)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        for runtime in runtimes:
            yield from _figures("searched", runtime, both_ways(runtime, source, paths, work, AIM))
        ruined = lopsided(source)
        for runtime in runtimes:
            plain = both_ways(runtime, ruined, paths, work)
            note = f"plain: {' / '.join(f'{drop:.1f}' for drop in plain.drops)} points lost"
            yield from _figures("ruined", runtime, both_ways(runtime, ruined, paths, work, AIM), note)


def _figures(network: str, runtime: str, halves: Halves, note: str = "") -> Iterator[Figure]:
    begin = f"{network}_{runtime.replace('-', '_')}"
    for way, drop in zip(WAYS, halves.drops, strict=True):
        yield at_most(f"{begin}_{way}", drop, AIM.max_drop, "points", note)
    share = halves.emitted.macs.integer_share
    yield at_least(f"{begin}_integer_share", share, LEAST_INTEGER_SHARE, "", _told(halves.emitted.search))


def _told(report: SearchReport | None) -> str:
    if report is None:
        return "nothing was searched"
    chosen = report.chosen
    parts = [f"equalised by {chosen.equalised}"] if chosen.equalised else []
    parts += [f"{chosen.ranges} ranges"] if chosen.ranges != "tool" else []
    parts += ["biases corrected"] if chosen.bias_corrected else []
    parts += [f"{len(chosen.kept_float)} layers float"] if chosen.kept_float else []
    return f"{', '.join(parts) or 'plain'}; {report.elapsed_s:.0f} s"

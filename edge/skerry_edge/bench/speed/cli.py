"""`skerry bench`: how fast a model's variants run here, how much they take, and beside which other tools."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skerry_edge.options import NumberRange
from skerry_edge.vision.quiet import quieten_opencv

if TYPE_CHECKING:
    from skerry_edge.bench.speed.job import BenchOrder
    from skerry_edge.bench.speed.peers.registry import Peer
    from skerry_edge.bench.speed.result import SpeedReport

EPILOG = """\
\b
Examples:
  skerry bench model.skerry
  skerry bench model.skerry --variants onnx-fp32,tflite-int8 --threads 1,2,4
  skerry bench model.skerry --data val/ --html model.html --csv model.csv
  skerry bench model.skerry --json - | jq '.rows[].stages_ms.end_to_end.p50'

\b
Exit codes:
  0  measured; a row that cannot be run here, or was disturbed, says so
  1  a row crashed, hung or failed; the others are measured
  2  wrong usage, an unknown variant or backend, a folder without labels
  3  nothing here can run the models; the error names what to install
  4  a model, picture or label file is damaged or cannot be read, or an
     output cannot be written
"""

_PATH = click.Path(path_type=Path)
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What the command line gave, by the names of the options' parameters."""

    models: tuple[str, ...]
    variants: str
    backends: str
    threads: str
    data: Path | None
    frame: str | None
    peers: tuple[str, ...]
    cfg: Path | None
    weights: Path | None
    calls: int
    duration_s: float
    stall_s: float
    json_to: str | None
    csv: Path | None
    html: Path | None


@click.command(epilog=EPILOG)
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@click.option("--variants", default="", show_default="all", metavar="V[,V…]", help="Variants of the bundles.")
@click.option("--backends", default="", show_default="all", metavar="B[,B…]", help="Only rows that run on these.")
@click.option(
    "--threads", default="0", show_default="the runtime's own choice", metavar="N[,N…]", help="Threads of the runtime."
)
@click.option("--data", type=_PATH, metavar="DIR", help="Labelled pictures: accuracy in the same row.")
@click.option("--frame", metavar="WxH|F", help="Frame to look at.")
@click.option("--calls", type=click.IntRange(1, 10_000_000), default=100, show_default=True, metavar="N")
@click.option("--duration", "duration_s", type=NumberRange(0.0, 86400.0), default=3.0, show_default=True, metavar="S")
@click.option("--stall", "stall_s", type=NumberRange(0.0, 86400.0), default=120.0, show_default=True, metavar="S")
@click.option("--peer", "peers", multiple=True, metavar="TOOL[:V]", help="Run TOOL beside each row.")
@click.option("--cfg", type=_FILE, metavar="F", help="For the peer darknet: the network's cfg.")
@click.option("--weights", type=_FILE, metavar="F", help="For the peer darknet: its weights.")
@click.option("--json", "json_to", metavar="F", help="Write all figures as JSON to F; - is standard output.")
@click.option("--csv", type=_PATH, metavar="F", help="Write one line a row to F.")
@click.option("--html", type=_PATH, metavar="F", help="Write a page with pictures to F.")
def bench(**parameters: Any) -> None:  # noqa: ANN401  # `Given` has each one's type
    """Measure how fast models run here."""
    given = Given(**parameters)
    quieten_opencv()  # the rows' processes inherit it
    from skerry_edge.bench.output import Destinations  # noqa: PLC0415  # keeps --help free of numpy
    from skerry_edge.bench.speed.csv_lines import csv_lines  # noqa: PLC0415  # the same
    from skerry_edge.bench.speed.job import run_benchmark  # noqa: PLC0415  # the same
    from skerry_edge.bench.speed.page import render_page  # noqa: PLC0415  # the same
    from skerry_edge.vision.progress import progress_bar  # noqa: PLC0415  # keeps --help free of rich

    destinations = Destinations.parse(given.json_to, csv=given.csv, html=given.html)
    order = _order(given)
    with progress_bar(lines_on_stdout=False) as bar:
        benchmark = run_benchmark(order, bar)
    report = benchmark.report
    destinations.write(report, csv=lambda: csv_lines(report), html=lambda: render_page(report))
    if not destinations.json_on_stdout:
        _show(report)
    benchmark.require_success()


def _order(given: Given) -> BenchOrder:
    from skerry_edge.bench.speed.frames import FrameSource  # noqa: PLC0415  # keeps --help free of numpy
    from skerry_edge.bench.speed.job import BenchOrder  # noqa: PLC0415  # the same
    from skerry_edge.bench.speed.measuring import Pace  # noqa: PLC0415  # the same
    from skerry_edge.bench.speed.pacing import Amount  # noqa: PLC0415  # the same
    from skerry_edge.bench.speed.plan import Choice  # noqa: PLC0415  # the same
    from skerry_edge.models.catalogue import resolve_model  # noqa: PLC0415  # the same

    return BenchOrder(
        models=tuple(resolve_model(name) for name in given.models),
        choice=Choice(
            variants=_words(given.variants),
            backends=_words(given.backends),
            threads=tuple(int(one) for one in _words(given.threads)),
        ),
        pace=Pace(amount=Amount(calls=given.calls, duration_s=given.duration_s), stall_s=given.stall_s),
        data=given.data,
        frames=FrameSource.parse(given.frame) if given.frame else None,
        peers=_peers(given),
    )


def _peers(given: Given) -> tuple[Peer, ...]:
    from skerry_edge.bench.speed.peers.registry import DarknetFiles, parse_peer  # noqa: PLC0415  # the same

    files = DarknetFiles(cfg=given.cfg, weights=given.weights) if given.cfg and given.weights else None
    return tuple(parse_peer(text, files) for text in given.peers)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",")) if text else ()


def _show(report: SpeedReport) -> None:
    from rich.console import Console  # noqa: PLC0415  # keeps --help free of rich

    from skerry_edge.bench.speed.terminal import notes, tables  # noqa: PLC0415  # the same

    console = Console()
    for table in tables(report):
        console.print(table)
    for note in notes(report):
        click.echo(note)

"""`skerry recommend`: which variant of a model to take for a rate, a drop and a board."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skerry_edge.options import NumberRange, stall_option
from skerry_edge.vision.quiet import quieten_opencv

if TYPE_CHECKING:
    from skerry_edge.bench.output import Destinations
    from skerry_edge.bench.recommendation.job import RecommendationOrder
    from skerry_edge.bench.recommendation.result import Quantile, Recommendation

EPILOG = """\
\b
The rule:
  A variant is in where it keeps to the rate, to the drop and to the board's
  memory. Of those whose whole 95 % interval is within the drop (or of all,
  where there is none such) the most accurate is picked; of several that the
  pictures cannot tell from it the fastest; of equals the smallest.

\b
Where the drops come from, the first that there is:
  --data         `skerry evaluate` here and now, against the best fp32 variant
  --evaluation   what it wrote before, on this machine or another
  --results      rows of `skerry bench --data`
  the bundle     its gates' figures, against the network that it was made from

\b
Another board than this machine:
  Times of one machine say nothing certain about another. Measure there, and
  give the file here:
    board$  skerry bench model.skerry --json pi5.json
    here$   skerry recommend model.skerry --fps 15 --max-drop 0.5 \\
                --board raspberry-pi-5 --results pi5.json
  Without times from such a board the pick is provisional: the fastest that
  the board's profile says it can run and that keeps to the drop. The exit
  code is then 1, since its rate is not proved.

\b
Examples:
  skerry recommend model.skerry --fps 30 --max-drop 0.5
  skerry recommend model.skerry --fps 30 --max-drop 1 --data val/ --html f.html
  skerry recommend model.skerry --fps 10 --max-drop 1 --results a.json
  skerry recommend model.skerry --fps 30 --max-drop 1 --json - | jq -r .pick

\b
Output with --json; "outcome" is "picked", "provisional" or "none":
  {"schema": 1, "outcome": "picked", "pick": "tflite-int8", "reason": "...",
   "wanted": {"fps": 30.0, "max_drop_points": 0.5, "quantile": "p95", ...},
   "candidates": [{"variant": "tflite-int8", "latency_ms": 14.2,
     "drop": {"points": 0.2, "low": -0.1, "high": 0.4}, "on_front": true,
     "problems": [], "cautions": [], "why_not": null, ...}, ...],
   "concessions": [], "accuracy": {"source": "...", ...}, "machine": {...}}

\b
Exit codes:
  0  picked: it keeps to both limits where it was asked for
  1  no variant does (what would have to give is told), or the pick is
     provisional
  2  wrong usage, an unknown model or board, a microcontroller, results of
     another model or of different machines, or nothing that tells the drop
  3  nothing here can run the model; the error names what to install
  4  a model, picture, label file or result is damaged or cannot be read, or
     an output cannot be written
"""

_PATH = click.Path(path_type=Path)
_CALLS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandLine:
    """What the command line gave, by the names of the options' parameters."""

    model: str
    fps: float
    max_drop: float
    quantile: Quantile
    board: str | None
    data: Path | None
    evaluation: Path | None
    results: tuple[Path, ...]
    duration_s: float
    stall_s: float
    json_to: str | None
    html: Path | None


@click.command(epilog=EPILOG)
@click.argument("model")
@click.option(
    "--fps",
    type=NumberRange(0.001, 100_000.0),
    required=True,
    metavar="F",
    help="Frames a second that it must keep up with, from a frame in memory to its boxes.",
)
@click.option(
    "--max-drop",
    type=NumberRange(0.0, 100.0),
    required=True,
    metavar="P",
    help="Points of AP50 (hundredths) that it may lose at most.",
)
@click.option(
    "--quantile",
    type=click.Choice(["p50", "p90", "p95", "p99", "max"]),
    default="p95",
    show_default=True,
    help="Which share of the calls must keep to the rate. A median that just does is late with every other frame; a "
    "live pipeline makes up for one late frame in 20 by its next.",
)
@click.option("--board", metavar="B", help="What it is for: a name of `skerry boards list`.  [default: this machine]")
@click.option("--data", type=_PATH, metavar="DIR", help="Labelled pictures: measure the drops here and now.")
@click.option("--evaluation", type=_PATH, metavar="F", help="Take the drops from a file of `skerry evaluate --json`.")
@click.option(
    "--results",
    type=_PATH,
    multiple=True,
    metavar="F",
    help="Take the times from a file of `skerry bench --json`, and measure none here; may be repeated.",
)
@click.option(
    "--duration",
    "duration_s",
    type=NumberRange(0.0, 86400.0),
    default=3.0,
    show_default=True,
    metavar="S",
    help="Time each variant for at least this many seconds and 100 calls.",
)
@stall_option("variant")
@click.option("--json", "json_to", metavar="F", help="Write the answer and all figures as JSON to F; - is stdout.")
@click.option("--html", type=_PATH, metavar="F", help="Write a page with a picture of the front to F.")
@click.pass_context
def recommend(context: click.Context, /, **parameters: Any) -> None:  # noqa: ANN401  # `CommandLine` has each one's type
    """Tell which variant of a model to take.

    MODEL is a bundle or the name of a model that Skerry ships. Its variants are timed as `skerry bench` does, and held
    against a rate and a drop in accuracy. The table marks those on the front, of which none is beaten in time or
    accuracy without losing in the other, and the one to take; the text below says why this one, and why not its
    neighbours. For other numbers of threads or backends give the --results of a `skerry bench` with those.
    """
    given = CommandLine(**parameters)
    if given.data is not None and given.evaluation is not None:
        raise click.UsageError("--data does not go with --evaluation: each tells the drops.", context)
    quieten_opencv()  # the rows' processes inherit it
    from skerry_edge.bench.output import Destinations  # noqa: PLC0415  # keeps --help free of numpy
    from skerry_edge.bench.recommendation.job import recommend_variant  # noqa: PLC0415  # the same
    from skerry_edge.bench.recommendation.page import render_page  # noqa: PLC0415  # the same
    from skerry_edge.vision.progress import progress_bar  # noqa: PLC0415  # keeps --help free of rich

    destinations = Destinations.parse(given.json_to, html=given.html)
    _refuse_overwriting(destinations, given)
    order = _order(given)
    with progress_bar(lines_on_stdout=False) as bar:
        answer = recommend_variant(order, bar)
    destinations.write(answer, html=lambda: render_page(answer))
    if not destinations.json_on_stdout:
        _show(answer)
    if answer.outcome != "picked":
        context.exit(1)


def _refuse_overwriting(destinations: Destinations, given: CommandLine) -> None:
    from skerry_edge.foundation.errors import ConfigError  # noqa: PLC0415  # keeps --help fast

    outputs = {path for path in (destinations.json, *destinations.others.values()) if path is not None}
    for path in (*given.results, *([given.evaluation] if given.evaluation else [])):
        if path.resolve() in outputs:
            raise ConfigError("an input would be written over", found=str(path))


def _order(given: CommandLine) -> RecommendationOrder:
    from skerry_boards.loader import load_board  # noqa: PLC0415  # keeps --help fast
    from skerry_edge.bench.recommendation.boards import require_computer  # noqa: PLC0415  # keeps --help free of numpy
    from skerry_edge.bench.recommendation.job import RecommendationOrder  # noqa: PLC0415  # the same
    from skerry_edge.bench.recommendation.result import Wanted  # noqa: PLC0415  # the same
    from skerry_edge.bench.recommendation.sources import Given  # noqa: PLC0415  # the same
    from skerry_edge.bench.speed.measuring import Pace  # noqa: PLC0415  # the same
    from skerry_edge.bench.speed.pacing import Amount  # noqa: PLC0415  # the same
    from skerry_edge.models.catalogue import resolve_model  # noqa: PLC0415  # the same

    pace = Pace(amount=Amount(calls=_CALLS, duration_s=given.duration_s), stall_s=given.stall_s)
    return RecommendationOrder(
        model=resolve_model(given.model),
        wanted=Wanted(fps=given.fps, max_drop_points=given.max_drop, quantile=given.quantile, board=given.board),
        board=require_computer(load_board(given.board)) if given.board else None,
        given=Given(data=given.data, evaluation=given.evaluation, results=given.results, pace=pace),
    )


def _show(answer: Recommendation) -> None:
    from rich.console import Console  # noqa: PLC0415  # keeps --help free of rich

    from skerry_edge.bench.recommendation.terminal import notes, table  # noqa: PLC0415  # the same

    Console().print(table(answer))
    for note in notes(answer):
        click.echo(note)

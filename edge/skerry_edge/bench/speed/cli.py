"""`skerry bench`: how fast models run here, what they take, beside other tools and against an earlier result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skerry_edge.options import NumberRange, refuse_parameters, stall_option
from skerry_edge.vision.quiet import quieten_opencv

if TYPE_CHECKING:
    from skerry_edge.bench.output import Destinations
    from skerry_edge.bench.speed.job import Base, BenchOrder
    from skerry_edge.bench.speed.peers.registry import Peer
    from skerry_edge.bench.speed.result import SpeedReport

EPILOG = """\
\b
Examples:
  skerry bench model.skerry
  skerry bench model.skerry --variants onnx-fp32,tflite-int8 --threads 1,2,4
  skerry bench model.skerry --data val/ --html model.html --csv model.csv
  skerry bench model.skerry --peer onnxruntime --peer opencv
  skerry bench model.skerry --peer openvino:onnx-fp32
  skerry bench tiny.skerry --peer darknet --cfg tiny.cfg --weights tiny.weights
  skerry bench model.skerry --json base.json
  skerry bench model.skerry --against base.json --margin 10

\b
Peers run the same network by the tool's documented call, with nothing set but
--threads, in turn with the row (A B A B). Our row is timed from frame to boxes,
they on their call alone with an input made ready before, but for darknet,
which goes from frame to boxes itself.
  onnxruntime  the row's ONNX file, else one of its precision
  openvino     likewise its OpenVINO file, else an ONNX one
  litert       likewise its TFLite file
  opencv       the fp32 ONNX file (OpenCV 5 reads no Darknet files any more)
  darknet      its library with --cfg and --weights, which must be the files
               that the bundle was made from
TOOL:VARIANT runs the file of that variant instead.

\b
Output with --json, times in milliseconds; null is "not measured":
  {"schema": 1, "machine": {...}, "versions": {...}, "input": {...},
   "rows": [{"model": "signs", "variant": "tflite-int8", "backend": "litert",
     "threads": 0, "outcome": "measured", "calls": 1240,
     "cold_start": {"import_ms": 181.2, "load_ms": 5.1, "first_ms": 3.0},
     "stages_ms": {"preprocess": {"p50": 0.21, "p90": ..., "p95": ...,
       "p99": ..., "max": ...}, "inference": {...}, "postprocess": {...},
       "end_to_end": {...}},
     "cpu_ms": 2.7, "peak_memory_mb": 91.2, "size_bytes": 1048576,
     "conditions": {"temperature_c": 61.0, "throttled": false, ...},
     "disturbed": [], "accuracy": {"ap50": 0.94, ...}, "peers": [...],
     "blocks_ms": [[...], ...]},
    {"variant": "edgetpu-int8", "outcome": "not run", "reason": "..."}],
   "not_measured": {"energy_mj": "..."}, "against": null}

\b
Exit codes:
  0  measured; a row or peer that cannot be run here, or a row that was
     disturbed, says so
  1  a row or peer crashed, hung or failed (the others are measured), or
     with --against a row is slower, or none could be compared
  2  wrong usage, an unknown variant, backend or peer, a folder without
     labels, an earlier result of another machine or of other pictures
  3  nothing here can run the models; the error names what to install
  4  a model, picture, label file or earlier result is damaged or cannot be
     read, or an output cannot be written
"""

_PATH = click.Path(path_type=Path)
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_MOST_THREADS = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What the command line gave, by the names of the options' parameters."""

    models: tuple[str, ...]
    variants: tuple[str, ...]
    backends: tuple[str, ...]
    threads: tuple[int, ...]
    data: Path | None
    frame: str | None
    duration_s: float
    calls: int
    stall_s: float
    peers: tuple[str, ...]
    cfg: Path | None
    weights: Path | None
    against: Path | None
    margin: float
    json_to: str | None
    csv: Path | None
    html: Path | None


def _words(_context: click.Context, _parameter: click.Parameter, text: str) -> tuple[str, ...]:
    words = tuple(word.strip() for word in text.split(",")) if text else ()
    if not all(words):
        raise click.BadParameter(f"'{text}' holds an empty name.")
    return words


def _numbers(context: click.Context, parameter: click.Parameter, text: str) -> tuple[int, ...]:
    words = _words(context, parameter, text)
    if not words or not all(word.isdecimal() and int(word) <= _MOST_THREADS for word in words):
        raise click.BadParameter(f"'{text}' is no list of numbers from 0 to {_MOST_THREADS}, such as 1,2,4.")
    return tuple(map(int, words))


@click.command(epilog=EPILOG)
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@click.option(
    "--variants", default="", callback=_words, show_default="all", metavar="V[,V…]", help="Variants of the bundles."
)
@click.option(
    "--backends",
    default="",
    callback=_words,
    show_default="all",
    metavar="B[,B…]",
    help="Measure only what runs on these: onnx, litert, openvino, edgetpu. Other rows say that they were left out.",
)
@click.option(
    "--threads",
    default="0",
    callback=_numbers,
    show_default="the runtime's own choice",
    metavar="N[,N…]",
    help="Threads of the runtime, and of peers; each number gives every variant a row.",
)
@click.option(
    "--data",
    type=_PATH,
    metavar="DIR",
    help="Labelled pictures, as for `skerry evaluate`: accuracy in the same row. Without --frame the first 32 of them "
    "are also what is looked at while times are taken, one after the other.",
)
@click.option(
    "--frame",
    metavar="WxH|F",
    help="What is looked at: a frame of noise of this size, the same at every run, or a picture.  [default: 1280x720]",
)
@click.option(
    "--duration",
    "duration_s",
    type=NumberRange(0.0, 86400.0),
    default=3.0,
    show_default=True,
    metavar="S",
    help="Measure each row for at least this many seconds of calls, after a warm-up until calls are alike (at most "
    "20 seconds); each side of a peer's comparison, too.",
)
@click.option(
    "--calls",
    type=click.IntRange(1, 10_000_000),
    default=100,
    show_default=True,
    metavar="N",
    help="Measure each row for at least this many calls.",
)
@stall_option("process")
@click.option(
    "--peer", "peers", multiple=True, metavar="TOOL[:V]", help="Measure this tool beside each row; may be repeated."
)
@click.option("--cfg", type=_FILE, metavar="F", help="For the peer darknet: the network's cfg.")
@click.option("--weights", type=_FILE, metavar="F", help="For the peer darknet: the network's weights.")
@click.option(
    "--against",
    type=_PATH,
    metavar="F",
    help="Compare each row with that of an earlier --json file of this machine; the exit code is 1 where one is "
    "slower: its median beyond the margin, and the 95 % interval of the ratio above 1.",
)
@click.option(
    "--margin",
    type=NumberRange(0.0, 1000.0),
    default=5.0,
    show_default=True,
    metavar="P",
    help="With --against: percent by which a median may differ. Two runs of one program differ by some percent, which "
    "the interval, made within each run, does not know.",
)
@click.option("--json", "json_to", metavar="F", help="Write all figures and every call's time to F; - is stdout.")
@click.option("--csv", type=_PATH, metavar="F", help="Write a line for each row to F.")
@click.option("--html", type=_PATH, metavar="F", help="Write a page with pictures to F.")
@click.pass_context
def bench(context: click.Context, /, **parameters: Any) -> None:  # noqa: ANN401  # `Given` has each one's type
    """Measure how fast models run here, and what they take.

    MODEL is a bundle, the name of a model that Skerry ships, or a wake word as `skerry listen` takes it. A row is a
    variant on its backend with a number of threads. Each is run in a process of its own, one row after the other: from
    a cold start, told apart as import, load and first call, through a warm-up until calls are alike, to times of which
    none is left out. One that crashes or hangs says so in its row, and the others go on.

    Times are those of a frame in memory until its boxes, with the stages that a live pipeline reports: preprocess,
    inference, postprocess, end to end. Those of a wake word are of one step of its network: the sound, its features,
    the score. A network without a decoder is timed on its inference alone, on seeded values.

    A row is marked as disturbed where other processes took over 5 % of the processor time or the host over 1 %, where
    the processor was throttled, or where calls never became alike. Temperature, clock, throttling and energy are in the
    output where the machine tells them.
    """
    given = Given(**parameters)
    if not any(one.partition(":")[0] == "darknet" for one in given.peers):
        refuse_parameters(context, "a benchmark without '--peer darknet'", ("cfg", "weights"))
    if given.against is None:
        refuse_parameters(context, "a benchmark without '--against'", ("margin",))
    quieten_opencv()  # the rows' processes inherit it
    from skerry_edge.bench.speed.csv_lines import csv_lines  # noqa: PLC0415  # keeps --help free of numpy
    from skerry_edge.bench.speed.job import run_benchmark  # noqa: PLC0415  # the same
    from skerry_edge.bench.speed.page import render_page  # noqa: PLC0415  # the same
    from skerry_edge.vision.progress import progress_bar  # noqa: PLC0415  # keeps --help free of rich

    destinations, order = _destinations(given), _order(given)
    with progress_bar(lines_on_stdout=False) as bar:
        benchmark = run_benchmark(order, bar)
    report = benchmark.report
    destinations.write(report, csv=lambda: csv_lines(report), html=lambda: render_page(report))
    if not destinations.json_on_stdout:
        _show(report)
    benchmark.require_success()


def _destinations(given: Given) -> Destinations:
    from skerry_edge.bench.output import Destinations  # noqa: PLC0415  # keeps --help free of msgspec
    from skerry_edge.foundation.errors import ConfigError  # noqa: PLC0415  # the same

    found = Destinations.parse(given.json_to, csv=given.csv, html=given.html)
    for path in (found.json, *found.others.values()):
        if given.against is not None and path == given.against.resolve():
            raise ConfigError("the earlier result would be written over", where="--against", found=str(given.against))
    return found


def _order(given: Given) -> BenchOrder:
    from skerry_edge.audio.model import find_model  # noqa: PLC0415  # the same
    from skerry_edge.bench.speed.frames import FrameSource  # noqa: PLC0415  # keeps --help free of numpy
    from skerry_edge.bench.speed.job import BenchOrder  # noqa: PLC0415  # the same
    from skerry_edge.bench.speed.measuring import Pace  # noqa: PLC0415  # the same
    from skerry_edge.bench.speed.pacing import Amount  # noqa: PLC0415  # the same
    from skerry_edge.bench.speed.plan import Choice  # noqa: PLC0415  # the same
    from skerry_edge.models.catalogue import resolve_model  # noqa: PLC0415  # the same

    return BenchOrder(
        models=tuple(resolve_model(name) for name in given.models if not _is_wake_word(name)),
        words=tuple(find_model(name) for name in given.models if _is_wake_word(name)),
        choice=Choice(variants=given.variants, backends=given.backends, threads=given.threads),
        pace=Pace(amount=Amount(calls=given.calls, duration_s=given.duration_s), stall_s=given.stall_s),
        data=given.data,
        frames=FrameSource.parse(given.frame) if given.frame else None,
        peers=_peers(given),
        base=_base(given),
    )


def _is_wake_word(text: str) -> bool:
    from skerry_edge.models.entries import known_models  # noqa: PLC0415  # keeps --help free of msgspec

    return text.endswith(".json") or text in known_models().wakeword.names


def _peers(given: Given) -> tuple[Peer, ...]:
    from skerry_edge.bench.speed.peers.registry import DarknetFiles, parse_peers  # noqa: PLC0415  # the same

    files = DarknetFiles(cfg=given.cfg, weights=given.weights) if given.cfg and given.weights else None
    return parse_peers(given.peers, files)


def _base(given: Given) -> Base | None:
    from skerry_edge.bench.speed.base_file import read_base  # noqa: PLC0415  # the same
    from skerry_edge.bench.speed.job import Base  # noqa: PLC0415  # the same

    if given.against is None:
        return None
    return Base(report=read_base(given.against), name=str(given.against), margin=given.margin / 100)


def _show(report: SpeedReport) -> None:
    from rich.console import Console  # noqa: PLC0415  # keeps --help free of rich

    from skerry_edge.bench.speed.terminal import notes, tables  # noqa: PLC0415  # the same

    console = Console()
    for table in tables(report):
        console.print(table)
    for note in notes(report):
        click.echo(note)

"""The conversion job: make each target, let the gate judge it, write the bundle, set failing files aside."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from skerry_converters.accuracy.recipe import Aim
from skerry_converters.conversion.boards import fitted
from skerry_converters.conversion.bundling import assemble
from skerry_converters.conversion.data import ConversionData, DataChoice, open_data
from skerry_converters.conversion.golden import GoldenInput
from skerry_converters.conversion.identity import Identity
from skerry_converters.conversion.judging import judge_made
from skerry_converters.conversion.making import Maker
from skerry_converters.conversion.outcome import Judged, NotMade, Outcome
from skerry_converters.conversion.outputs import refuse_overwriting, require_place
from skerry_converters.conversion.progress import Progress
from skerry_converters.conversion.setting_aside import set_aside
from skerry_converters.families.base import Target
from skerry_converters.families.registry import Choice
from skerry_converters.gates.job import GateJob
from skerry_converters.gates.report import encode_reports
from skerry_converters.gates.source_record import SourceRecord, record_source
from skerry_converters.gates.verdict import Limits
from skerry_converters.mcu.board import BoardLimits
from skerry_converters.sources.base import SourceModel
from skerry_edge.backends.native_output import held_stderr
from skerry_edge.contracts.bundle import GATES, write_bundle
from skerry_edge.foundation.errors import ConfigError, DataError, MissingError, VerdictError


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Order:
    """What is to be converted to what, with which data, and where the bundle goes.

    With an ``aim`` integer files are searched for that lose no more on labelled data. What goes to a microcontroller
    must fit ``board``, where there is one. A ``golden`` input takes the place of the one that is made.
    """

    source: SourceModel
    choice: Choice
    identity: Identity
    out: Path
    data: DataChoice = field(default_factory=DataChoice)
    limits: Limits = field(default_factory=Limits)
    aim: Aim | None = None
    board: BoardLimits | None = None
    golden: GoldenInput | None = None


def step_count(choice: Choice) -> int:
    """Return how often `convert_source` tells its progress of a step."""
    return 3 + 2 * len(choice.targets)


def convert_source(order: Order, progress: Progress) -> Outcome:
    """Write ``order.out`` with every file that passed; an existing one is replaced whole or left as it was.

    A target that its tools cannot make does not stop the others. Files that failed go to the folder ``out``.failed.
    Raises ConfigError, MissingError, DataError where the source itself cannot be run, ReachError.
    """
    require_place(order.out, "--out")
    refuse_overwriting(order.out, "--out", order.source.facts, (order.data.calibration, order.data.gate_data))
    progress.expect(step_count(order.choice))
    progress.step("reading the data")
    data = open_data(order.data, order.source.facts, progress.part)
    if order.aim is not None and not data.held_out.facts.labelled:
        raise ConfigError(
            "the points that a file loses can be told on labelled data alone",
            where="--max-drop",
            found=f"{data.held_out.facts.kind} without labels",
            todo="give --gate-data a folder with VOC, YOLO or COCO labels, or leave out --max-drop",
        )
    with tempfile.TemporaryDirectory(prefix="skerry-") as folder:
        progress.step("computing the source's own outputs")
        recording = record_source(order.source.evaluate, order.source.facts, data.held_out, progress=progress.part)
        with recording as record:
            goals = {target.name: order.aim for target in order.choice.targets if order.aim is not None}
            maker = Maker(
                source=order.source, calibration=data.calibration, folder=Path(folder), progress=progress, goals=goals
            )
            conversion = _Conversion(order, maker, record, progress)
            tried = [conversion.attempt(target) for target in order.choice.targets]
        progress.step("writing the bundle")
        judged = tuple(one for one in tried if isinstance(one, Judged))
        not_made = tuple(one for one in tried if isinstance(one, NotMade))
        return _written(order, data, judged, not_made)


class _Conversion:
    """Makes and judges one target after the other."""

    def __init__(self, order: Order, maker: Maker, record: SourceRecord, progress: Progress) -> None:
        self._maker = maker
        self._record = record
        self._progress = progress
        self._board = order.board
        facts = order.source.facts
        described = facts.description
        self._gate = GateJob(
            model_input=described.input,
            decoder=described.output,
            labels=described.labels,
            limits=order.limits,
            source_sha256=frozenset(facts.files.values()),
        )

    def attempt(self, target: Target) -> Judged | NotMade:
        """Make and judge a target; where its tools cannot make it, say so."""
        self._progress.step(f"making {target.name}")
        try:
            made = fitted(self._maker.make(target), self._board)
        except (DataError, MissingError, VerdictError) as error:
            self._progress.step(f"leaving out {target.name}")
            return NotMade(target=target.name, error=error)
        self._progress.step(f"checking {target.name}")
        return judge_made(made, self._gate, self._record, self._progress)


def _written(order: Order, data: ConversionData, judged: tuple[Judged, ...], not_made: tuple[NotMade, ...]) -> Outcome:
    calibration = data.calibration.manifest() if data.calibration else None
    failed = set_aside([one for one in judged if not one.passed], order.out)
    passed = [one for one in judged if one.passed]
    if passed:
        with held_stderr():
            made = [one.made for one in passed]
            manifest, files = assemble(order.source.facts, order.identity, made, calibration, order.golden)
        reports = encode_reports([one.gate.report for one in passed])
        write_bundle(order.out, manifest, {**files, GATES: reports})
    return Outcome(
        judged=judged,
        not_made=not_made,
        left_out=order.choice.left_out,
        held_out=data.held_out.facts,
        bundle=order.out if passed else None,
        failed=failed,
        calibration_sha256=calibration.sha256 if calibration else None,
    )

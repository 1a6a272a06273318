"""A target that was made, judged: its gate's verdict, the error of its layers, and what it consists of."""

from __future__ import annotations

import shutil
from dataclasses import replace

import msgspec

from skerry_converters.conversion.making import Made
from skerry_converters.conversion.operators import count_operators
from skerry_converters.conversion.outcome import Judged
from skerry_converters.conversion.progress import Progress
from skerry_converters.families.base import Emitted
from skerry_converters.gates.job import GateJob, Subject
from skerry_converters.gates.run import run_gate
from skerry_converters.gates.source_record import SourceRecord
from skerry_converters.layer_errors.measure import measure_layers
from skerry_edge.backends.native_output import held_stderr


def judge_made(made: Made, job: GateJob, record: SourceRecord, progress: Progress) -> Judged:
    """Judge a target; of what it was made from nothing stays on the disk. Raises what reading the inputs raises."""
    emitted = made.emitted
    subject = Subject(name=made.name, variant=made.variant, path=emitted.runnable, backend=made.backend)
    with held_stderr():
        gate = run_gate(job, subject, record, progress=progress.part)
        decided_by = gate.report.verdict.decided_by
        runs = decided_by not in ("load", "run")
        layers = measure_layers(emitted, record.held_out) if runs else None
    _discard_intermediates(emitted)
    report = msgspec.structs.replace(gate.report, layers=layers, search=emitted.search)
    operators = count_operators(emitted.runnable) if decided_by != "load" else {}
    return Judged(made=made, gate=replace(gate, report=report), operators=operators)


def _discard_intermediates(emitted: Emitted) -> None:
    """Remove what lies beside the files: float networks, and all that a search tried."""
    kept = {*emitted.files, emitted.runnable}
    for path in emitted.runnable.parent.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path not in kept:
            path.unlink()

"""The gate itself: a file run as a device runs it on held-out inputs, measured against its source and judged."""

from __future__ import annotations

from contextlib import closing

from skerry_converters.calibration.feeds import axes_between
from skerry_converters.calibration.items import Progress
from skerry_converters.gates.job import GateJob, GateResult, Subject
from skerry_converters.gates.measurement import Measurement
from skerry_converters.gates.processor import processor_name
from skerry_converters.gates.report import GateReport
from skerry_converters.gates.source_record import SourceRecord
from skerry_converters.gates.verdict import DecidedBy, Evidence, Verdict, judge
from skerry_edge.backends.base import Backend, BackendError, ModelFileError
from skerry_edge.backends.registry import backend_for, open_backend
from skerry_edge.backends.variants import check_tensors
from skerry_edge.contracts.manifest import Tensor
from skerry_edge.foundation.errors import ConfigError, DataError, SkerryError


def run_gate(
    job: GateJob, subject: Subject, record: SourceRecord, *, progress: Progress = lambda _done, _total: None
) -> GateResult:
    """Judge one file. Whatever is wrong with it is in the report, and no error.

    Raises MissingError where the backend's runtime is not installed, and what reading the held-out inputs raises.
    """
    judging = _Judging(job, subject, record)
    try:
        backend = open_backend(judging.backend_name, subject.path, job.options)
    except ModelFileError as error:
        return judging.failed("load", error)
    with closing(backend):
        try:
            judging.check_tensors(backend)
            measurement = Measurement(job, subject, record, backend)
        except DataError as error:
            return judging.failed("load", error)
        cases = record.held_out.cases(subject.variant.inputs)
        for number, (case, source) in enumerate(zip(cases, record.read(), strict=True)):
            progress(number, len(record.held_out))
            try:
                measurement.take(case, source)
            except BackendError as error:
                return judging.failed("run", error)
        return judging.judged(measurement)


class _Judging:
    """One file's way to its report."""

    def __init__(self, job: GateJob, subject: Subject, record: SourceRecord) -> None:
        self._job = job
        self._subject = subject
        self._record = record
        self.backend_name = subject.backend or backend_for(subject.variant.format)

    def check_tensors(self, backend: Backend) -> None:
        """Refuse a file whose tensors are not those described, or not those of its source. Raises DataError."""
        variant, name = self._subject.variant, self._subject.name
        check_tensors(variant.inputs, backend.inputs, where=f"{name}, inputs")
        check_tensors(variant.outputs, backend.outputs, where=f"{name}, outputs")
        wanted = self._record.inputs
        if len(variant.inputs) != len(wanted):
            raise DataError(
                "the file has another number of inputs than its source",
                found=f"{len(variant.inputs)}, expected {len(wanted)}",
            )
        for own, source in zip(variant.inputs, wanted, strict=True):
            _same_axes(own, source)

    def judged(self, measurement: Measurement) -> GateResult:
        """Return the result of a file that ran to the end."""
        evidence = measurement.evidence()
        report = self._report(judge(evidence, self._job.limits), evidence)
        return GateResult(report=report, pictures=measurement.pictures())

    def failed(self, decided_by: DecidedBy, error: SkerryError) -> GateResult:
        """Return the result of a file that could not be measured."""
        verdict = Verdict(outcome="failed", decided_by=decided_by, reasons=(str(error),))
        return GateResult(report=self._report(verdict, Evidence(precision="", outputs=())))

    def _report(self, verdict: Verdict, evidence: Evidence) -> GateReport:
        return GateReport(
            variant=self._subject.name,
            precision=self._subject.variant.precision,
            backend=self.backend_name,
            processor=processor_name(),
            held_out=self._record.held_out.facts,
            verdict=verdict,
            limits=self._job.limits,
            outputs=evidence.outputs,
            boxes=evidence.boxes,
            accuracy=evidence.accuracy,
            colour=evidence.colour,
        )


def _same_axes(own: Tensor, source: Tensor) -> None:
    try:
        axes_between(source, own)
    except ConfigError as error:
        raise DataError("the file has other inputs than its source", found=error.found) from error

"""One file's run over the held-out inputs: every meter fed, nothing judged."""

from __future__ import annotations

from hashlib import sha256

import numpy as np

from skerry_converters.gates.colour import colour_meter
from skerry_converters.gates.detection_task import detection_task
from skerry_converters.gates.held_out import Case
from skerry_converters.gates.job import GateJob, Subject
from skerry_converters.gates.metrics import OutputMeter
from skerry_converters.gates.real_outputs import OutputReader
from skerry_converters.gates.showcase import SamplePicture
from skerry_converters.gates.source_record import SourceRecord
from skerry_converters.gates.verdict import Evidence
from skerry_edge.backends.base import Array, Backend, BackendError
from skerry_edge.contracts.manifest import SsdPostprocess


class Measurement:
    """Feeds a loaded file and collects what it gives.

    Raises DataError where the file's outputs are not those of the source, or nothing can decode them.
    """

    def __init__(self, job: GateJob, subject: Subject, record: SourceRecord, backend: Backend) -> None:
        variant = subject.variant
        self._variant = variant
        self._backend = backend
        self._reader = OutputReader(record.outputs, variant.outputs)
        self._meters = [
            OutputMeter(tensor.name, tensor.quantization.scale if tensor.quantization else None)
            for tensor in variant.outputs
        ]
        self._task = detection_task(job, variant, record.outputs)
        self._colour = colour_meter(job.model_input, variant.inputs[0], len(variant.outputs))
        self._comparable = not isinstance(job.decoder, SsdPostprocess)
        self._copied = sha256(subject.path.read_bytes()).hexdigest() in job.source_sha256

    def take(self, case: Case, source: tuple[Array, ...]) -> None:
        """Run one input and measure; ``source`` is what the source gave for it. Raises BackendError."""
        outputs = self._infer(case.tensors)
        wanted, given = self._reader.source_values(source), self._reader.variant_values(outputs)
        for meter, want, got, stored in zip(self._meters, wanted, given, outputs, strict=True):
            meter.add(want, got, stored if stored.dtype.kind in "iu" else None)
        if self._task and all(np.isfinite(one).all() for one in given):
            self._task.add(case, source, outputs)
        if self._colour and self._colour.wants_more and case.pixels is not None:
            exchanged = self._infer((self._colour.exchanged(case.tensors[0]),))
            self._colour.add(wanted, given, self._reader.variant_values(exchanged))

    def evidence(self) -> Evidence:
        """Return what was measured over all inputs taken."""
        return Evidence(
            precision=self._variant.precision,
            outputs=tuple(meter.figures() for meter in self._meters),
            boxes=self._task.boxes() if self._task else None,
            accuracy=self._task.accuracy() if self._task else None,
            colour=self._colour.figures() if self._colour and self._colour.taken else None,
            comparable=self._comparable,
            copied=self._copied,
        )

    def pictures(self) -> tuple[SamplePicture, ...]:
        """Return the pictures on which file and source differ most."""
        return self._task.pictures() if self._task else ()

    def _infer(self, tensors: tuple[Array, ...]) -> tuple[Array, ...]:
        outputs = self._backend.infer(tensors)
        shapes, declared = [one.shape for one in outputs], [one.shape for one in self._variant.outputs]
        if shapes != declared:
            raise BackendError("the file gives other outputs than it declares", found=f"{shapes}, expected {declared}")
        return outputs

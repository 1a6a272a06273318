"""What a file's outputs mean: both sides decoded as a device decodes them, and their boxes compared."""

from __future__ import annotations

from collections.abc import Sequence

from skerry_converters.gates.accuracy import AccuracyFigures, AccuracyMeter
from skerry_converters.gates.boxes import BoxFigures, BoxMeter
from skerry_converters.gates.held_out import Case
from skerry_converters.gates.job import GateJob
from skerry_converters.gates.showcase import SamplePicture, Showcase
from skerry_edge.backends.base import Array
from skerry_edge.bench.matching import LOW_SCORE
from skerry_edge.contracts.manifest import ImageInput, MicroWakeWord, Raw, Tensor, Variant
from skerry_edge.vision.decoders.registry import decoder_for

Outputs = tuple[Tensor, ...]


class DetectionTask:
    """Decodes and compares picture after picture.

    Raises BundleError where the manifest's decoder cannot read the outputs of either side.
    """

    def __init__(self, job: GateJob, image: ImageInput, threshold: float, sides: tuple[Outputs, Outputs]) -> None:
        self._decoders = [decoder_for(job.decoder, side, image, min(LOW_SCORE, threshold)) for side in sides]
        self._boxes = BoxMeter(threshold)
        self._accuracy = AccuracyMeter(len(job.labels))
        self._showcase = Showcase(job.labels, threshold, count=job.pictures, side_px=job.picture_side_px)

    def add(self, case: Case, source: Sequence[Array], variant: Sequence[Array]) -> None:
        """Take one picture with the outputs of both as their backends gave them. Raises BackendError."""
        if case.geometry is None or case.pixels is None:
            return
        outputs = (tuple(source), tuple(variant))
        found = [decoder.decode(one, case.geometry) for decoder, one in zip(self._decoders, outputs, strict=True)]
        differing = self._boxes.add(found[0], found[1])
        if case.truth is not None:
            self._accuracy.add(found[0], found[1], case.truth)
        self._showcase.add(case.name, case.pixels, (found[0], found[1]), differing)

    def boxes(self) -> BoxFigures:
        """Return how well the boxes agree."""
        return self._boxes.figures()

    def accuracy(self) -> AccuracyFigures | None:
        """Return both mean average precisions, or None where no object was labelled."""
        return self._accuracy.figures()

    def pictures(self) -> tuple[SamplePicture, ...]:
        """Return the pictures that differ most."""
        return self._showcase.pictures()


def detection_task(job: GateJob, variant: Variant, source_outputs: Outputs) -> DetectionTask | None:
    """Return the task of a network that finds things in pictures, and None for every other one."""
    if not isinstance(job.model_input, ImageInput) or isinstance(job.decoder, MicroWakeWord | Raw):
        return None
    return DetectionTask(job, job.model_input, job.decoder.score_threshold, (source_outputs, variant.outputs))

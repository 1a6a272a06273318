"""Inputs that a file is judged on, given for any tensors: the source's and, again, a variant's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from skerry_converters.calibration.calibration_set import CalibrationSet
from skerry_converters.gates.report import HeldOutFacts, Origin
from skerry_edge.backends.base import Array
from skerry_edge.bench.annotations.annotation import Annotation
from skerry_edge.bench.annotations.dataset import Dataset
from skerry_edge.bench.ground_truth import GroundTruth
from skerry_edge.contracts.manifest import Tensor
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.vision.geometry import Geometry
from skerry_edge.vision.images import Pixels


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One input: a tensor for each of a network's inputs, and what is known of it.

    ``geometry`` and ``pixels`` are None where it was no picture, ``truth`` where it has no labels.
    """

    name: str
    tensors: tuple[Array, ...]
    geometry: Geometry | None = None
    pixels: Pixels | None = None
    truth: GroundTruth | None = None


class HeldOut(Protocol):
    """Inputs that nothing was calibrated with, in the same order every time."""

    @property
    def facts(self) -> HeldOutFacts:
        """What they are, for the report."""
        ...

    def __len__(self) -> int:
        """Return how many there are."""
        ...

    def cases(self, tensors: Sequence[Tensor]) -> Iterator[Case]:
        """Yield them for a network with these inputs, one in memory at a time. Raises what reading raises."""
        ...


class HeldOutSamples:
    """Gate data, or the part of the calibration data that was set aside; with labels where the folder has them.

    ``dataset`` is of the same folder as ``samples``. Raises ConfigError for a network of several inputs.
    """

    def __init__(
        self,
        samples: CalibrationSet,
        origin: Origin,
        *,
        dataset: Dataset | None = None,
        cautions: Sequence[str] = (),
    ) -> None:
        self._samples = samples
        self._labels: Mapping[str, Annotation] = {}
        if dataset is not None:
            self._labels = {picture.name: picture.annotation for picture in dataset.pictures}
        self.facts = HeldOutFacts(
            origin=origin,
            kind=samples.source.kind,
            samples=len(samples),
            items=len(samples.items),
            labelled=dataset is not None,
            sha256=samples.manifest().sha256,
            cautions=tuple(cautions),
        )

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self._samples)

    def cases(self, tensors: Sequence[Tensor]) -> Iterator[Case]:
        """Yield the samples. Raises AnnotationError for labels that do not fit their picture."""
        if len(tensors) != 1:
            raise ConfigError("only networks of one input can be judged on given data", found=f"{len(tensors)} inputs")
        feed = self._samples.feed(tensors[0])
        for sample in self._samples.samples():
            fed = feed(sample.value)
            yield Case(
                name=sample.item.label,
                tensors=(fed.tensor,),
                geometry=fed.geometry,
                pixels=None if fed.geometry is None else sample.value,
                truth=None if fed.geometry is None else self._truth(sample.item.name, fed.geometry),
            )

    def _truth(self, name: str, geometry: Geometry) -> GroundTruth | None:
        annotation = self._labels.get(name)
        return None if annotation is None else annotation.truth(geometry.source)

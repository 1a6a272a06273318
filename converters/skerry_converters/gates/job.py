"""What a gate is asked: which network, by which limits, and which file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from skerry_converters.calibration.feeds import ModelInput
from skerry_converters.gates.report import GateReport
from skerry_converters.gates.showcase import SamplePicture
from skerry_converters.gates.verdict import Limits
from skerry_edge.backends.base import BackendOptions
from skerry_edge.contracts.manifest import Decoder, Variant


@dataclass(frozen=True, kw_only=True, slots=True)
class GateJob:
    """What is the same for every file of a conversion: what the network's values mean, and the limits.

    ``pictures`` is how many of the most different pictures are drawn, ``picture_side_px`` their longer side at most.
    ``source_sha256`` are the hashes of the source's own files.
    """

    model_input: ModelInput
    decoder: Decoder
    labels: tuple[str, ...]
    limits: Limits = field(default_factory=Limits)
    options: BackendOptions = field(default_factory=BackendOptions)
    source_sha256: frozenset[str] = frozenset()
    pictures: int = 3
    picture_side_px: int = 480


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """One emitted file: ``variant`` is what the manifest is going to say about it, ``path`` where it is now.

    ``backend`` None is the one that loads its format.
    """

    name: str
    variant: Variant
    path: Path
    backend: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class GateResult:
    """A file's report, and the pictures on which it differs most from its source."""

    report: GateReport
    pictures: tuple[SamplePicture, ...] = ()

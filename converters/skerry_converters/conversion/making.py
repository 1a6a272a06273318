"""Targets made for a bundle: each one's files, with what the manifest is going to say about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from skerry_converters.accuracy.recipe import Goal
from skerry_converters.calibration.calibration_set import CalibrationSet
from skerry_converters.conversion.progress import Progress
from skerry_converters.families.apart import make_apart
from skerry_converters.families.base import Emitted, Target
from skerry_converters.sources.base import SourceModel
from skerry_edge.contracts.manifest import Variant


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Made:
    """A target that was made; ``backend`` runs it here."""

    emitted: Emitted
    variant: Variant
    backend: str

    @property
    def name(self) -> str:
        """The target's name."""
        return self.emitted.target


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Maker:
    """Makes targets of one source in ``folder``, integer ones with the samples of ``calibration``.

    ``goals`` gives for a target by name what its accuracy is to be, or the recipe that was found for it.
    """

    source: SourceModel
    calibration: CalibrationSet | None
    folder: Path
    progress: Progress
    goals: Mapping[str, Goal] = field(default_factory=dict)

    def make(self, target: Target) -> Made:
        """Make a target, in a process and a folder of its own. Raises what `make_apart` raises."""
        folder = self.folder / target.name
        folder.mkdir()
        samples = self.calibration.tensors() if target.calibrated and self.calibration is not None else None
        emitted = make_apart(
            target.name,
            self.source,
            samples,
            folder,
            goal=self.goals.get(target.name),
            on_sample=self.progress.part,
            on_step=lambda what: self.progress.note(f"making {target.name}: {what}"),
        )
        variant = emitted.variant(self._calibration_sha256(target))
        return Made(emitted=emitted, variant=variant, backend=target.backend)

    def _calibration_sha256(self, target: Target) -> str | None:
        """Return the hash of what a target was calibrated with; one that is copied as it is was not."""
        used = target.calibrated and not self.source.facts.quantized and self.calibration is not None
        return self.calibration.manifest().sha256 if used and self.calibration else None

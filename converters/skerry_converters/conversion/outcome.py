"""What came of a conversion: files that were judged, targets that were not made, and what was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from skerry_converters.conversion.making import Made
from skerry_converters.families.base import Emitted
from skerry_converters.gates.job import GateResult
from skerry_converters.gates.report import HeldOutFacts
from skerry_edge.contracts.manifest import Variant
from skerry_edge.foundation.errors import SkerryError, VerdictError


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Judged:
    """A target that was made and judged; ``operators`` counts those of its main file by name."""

    made: Made
    gate: GateResult
    operators: Mapping[str, int]

    @property
    def name(self) -> str:
        """The target's name."""
        return self.made.name

    @property
    def emitted(self) -> Emitted:
        """The files."""
        return self.made.emitted

    @property
    def variant(self) -> Variant:
        """What the manifest says about them."""
        return self.made.variant

    @property
    def passed(self) -> bool:
        """Whether the file may go into a bundle."""
        return self.gate.report.verdict.passed

    @property
    def size_bytes(self) -> int:
        """The size of the file and its companions; for a microcontroller what it takes of the flash, not of C text."""
        if self.emitted.footprint is not None:
            return self.emitted.footprint.flash_bytes
        return self.variant.size + sum(one.size for one in self.variant.extra_files)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class NotMade:
    """A target that its tools could not make from this network."""

    target: str
    error: SkerryError


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Outcome:
    """All of a conversion; ``bundle`` and ``failed`` are the paths written, None where there was nothing.

    ``left_out`` gives the reason for each target that `all` did not take.
    """

    judged: tuple[Judged, ...]
    not_made: tuple[NotMade, ...]
    left_out: Mapping[str, str]
    held_out: HeldOutFacts
    bundle: Path | None
    failed: Path | None
    calibration_sha256: str | None = None

    def require_success(self) -> None:
        """Raise VerdictError where a file failed its gate, and the tool's own error where nothing could be made."""
        failing = [one for one in self.judged if not one.passed]
        if not failing and not self.not_made:
            return
        if not self.judged:
            raise self.not_made[0].error
        reasons = [f"{one.name}: {'; '.join(one.gate.report.verdict.reasons)}" for one in failing]
        reasons += [f"{one.target}: {one.error}" for one in self.not_made]
        written = "the bundle holds the others" if self.bundle else "no bundle was written"
        raise VerdictError(
            f"{_counted(len(failing), len(self.not_made), len(self.judged))}; {written}",
            where=str(self.failed) if self.failed else None,
            found="; ".join(reasons),
            todo="the failing files are kept there for study" if self.failed else None,
        )


def _counted(failing: int, not_made: int, judged: int) -> str:
    parts = [f"{failing} of {judged} files failed the gate"] if failing else []
    if not_made:
        parts.append(f"{not_made} of {judged + not_made} targets could not be made")
    return ", ".join(parts)

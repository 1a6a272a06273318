"""What the page shows: everything that is known of a conversion when it is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from skerry_converters.gates.report import GateReport
from skerry_converters.gates.showcase import SamplePicture


@dataclass(frozen=True, kw_only=True, slots=True)
class VariantContent:
    """One file: what its gate found, and what it is made of. Whatever is not known is left empty or None.

    ``operators`` counts them by name; ``integer_share`` is of the multiply-accumulates, 0..1, None for a float file;
    ``notes`` are sentences for people.
    """

    report: GateReport
    size_bytes: int
    pictures: tuple[SamplePicture, ...] = ()
    operators: Mapping[str, int] = field(default_factory=dict)
    kept_float: tuple[str, ...] = ()
    integer_share: float | None = None
    tools: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The variant's name."""
        return self.report.variant


@dataclass(frozen=True, kw_only=True, slots=True)
class PageContent:
    """One conversion: the network, its source's files by name with their hashes, and the files that were made.

    ``left_out`` gives the reason for each target that was not made; ``cautions`` say what is doubtful about the data.
    """

    name: str
    version: str
    license: str
    source_kind: str
    source_files: Mapping[str, str]
    variants: tuple[VariantContent, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    cautions: tuple[str, ...] = ()
    calibration_sha256: str | None = None

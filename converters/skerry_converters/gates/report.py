"""What a gate found for one file, as it is kept in `gates.json`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from skerry_converters.accuracy.report import SearchReport
from skerry_converters.gates.accuracy import AccuracyFigures
from skerry_converters.gates.boxes import BoxFigures
from skerry_converters.gates.metrics import OutputFigures
from skerry_converters.gates.verdict import ColourFigures, Limits, Verdict
from skerry_converters.layer_errors.report import LayerErrors

Origin = Literal["gate data", "set aside", "made"]


class HeldOutFacts(Struct, frozen=True, kw_only=True):
    """What a file was judged on.

    ``origin``: data given for it, a part set aside from the calibration data, or inputs made from a seed. ``samples``
    counts the network's inputs, of which a recording gives many; ``items`` the files, frames or rows that they are
    from, 0 for what was made. ``sha256`` is of the manifest that names the samples; None for what was made.
    """

    origin: Origin
    kind: str
    samples: int
    items: int = 0
    labelled: bool = False
    sha256: str | None = None
    cautions: tuple[str, ...] = ()


class GateReport(Struct, frozen=True, kw_only=True):
    """One file's verdict and everything that it rests on; ``processor`` is where it ran.

    ``layers`` and ``search`` have no part in the verdict: they tell where in the file its error comes from, and how an
    accurate file was found.
    """

    variant: str
    precision: str
    backend: str
    processor: str
    held_out: HeldOutFacts
    verdict: Verdict
    limits: Limits
    outputs: tuple[OutputFigures, ...] = ()
    boxes: BoxFigures | None = None
    accuracy: AccuracyFigures | None = None
    colour: ColourFigures | None = None
    layers: LayerErrors | None = None
    search: SearchReport | None = None


class _Gates(Struct, frozen=True, kw_only=True):
    schema: Literal[1]
    reports: tuple[GateReport, ...]


def encode_reports(reports: Sequence[GateReport]) -> bytes:
    """Return the content of `gates.json`: keys sorted, two-space indent, newline at the end."""
    content = _Gates(schema=1, reports=tuple(reports))
    return msgspec.json.format(msgspec.json.encode(content, order="sorted"), indent=2) + b"\n"


def decode_reports(raw: bytes) -> tuple[GateReport, ...]:
    """Read what `encode_reports` wrote. Raises msgspec.DecodeError."""
    return msgspec.json.decode(raw, type=_Gates).reports

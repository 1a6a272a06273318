"""What becomes of each operator of a network on the Edge TPU, and why."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Cause = Literal["refused", "subgraph", "unsupported", "dynamic", "type", "rank", "parameter", "limit"]
"""Why an operator is not mapped.

``refused``: the compiler takes no part of the file. ``subgraph``: it comes after one that is not mapped, or is in
another subgraph of the file. ``unsupported``: the Edge TPU has no such operator. ``dynamic``, ``type``, ``rank``,
``parameter``: its tensors are not of fixed size, not 8-bit, not of three dimensions, or not constant. ``limit``: a
limit of this kind of operator.
"""

ON_CHIP_BYTES = 8 * 1024 * 1024
"""The Edge TPU's memory for parameters: "roughly 8 MB of SRAM", of which the program takes a part
(https://coral.ai/docs/edgetpu/compiler/, "Parameter data caching")."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OperatorFate:
    """One operator with TFLite's built-in ``name``; ``reason`` and ``cause`` are None where it is mapped.

    ``index`` is its place in its subgraph, ``macs`` its multiply-accumulates in one run.
    """

    name: str
    index: int
    subgraph: int
    custom_code: str
    macs: int
    mapped: bool
    cause: Cause | None
    reason: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """A network's operators in order, ``parameter_bytes`` of those that are mapped, and what else is to be known.

    ``source`` says who says so: "prediction", or the compiler by name and version.
    """

    source: str
    operators: tuple[OperatorFate, ...]
    parameter_bytes: int
    notes: tuple[str, ...] = ()

    @property
    def mapped_operators(self) -> int:
        """The number of operators that run on the Edge TPU."""
        return sum(one.mapped for one in self.operators)

    @property
    def macs(self) -> int:
        """The multiply-accumulates of the whole network."""
        return sum(one.macs for one in self.operators)

    @property
    def mapped_macs_share(self) -> float:
        """The share of the multiply-accumulates that run on the Edge TPU; 0 for a network that has none."""
        return sum(one.macs for one in self.operators if one.mapped) / self.macs if self.macs else 0.0

    @property
    def fits_on_chip(self) -> bool:
        """Whether the parameters of what is mapped fit the Edge TPU's memory, so that no run has to stream them."""
        return self.parameter_bytes <= ON_CHIP_BYTES

    def to_json(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        return {
            "source": self.source,
            "operators": [asdict(one) for one in self.operators],
            "operator_count": len(self.operators),
            "mapped_operators": self.mapped_operators,
            "macs": self.macs,
            "mapped_macs_share": self.mapped_macs_share,
            "parameter_bytes": self.parameter_bytes,
            "on_chip_bytes": ON_CHIP_BYTES,
            "fits_on_chip": self.fits_on_chip,
            "notes": list(self.notes),
        }

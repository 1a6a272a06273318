"""The seam that a runtime's quantizer implements for the search."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from skerry_converters.accuracy.float_graph import FloatGraph, Watch
from skerry_converters.accuracy.recipe import Plan


class Quantizer(Protocol):
    """Quantizes one network for one runtime; it holds the calibration samples."""

    @property
    def graph(self) -> FloatGraph:
        """The float file that is quantized."""
        ...

    @property
    def watch(self) -> Watch:
        """Gives values inside the float file."""
        ...

    @property
    def presets(self) -> tuple[str, ...]:
        """The tool's own ways to quantize, the default first."""
        ...

    def quantize(self, plan: Plan, path: Path) -> Path:
        """Write the int8 file of ``plan`` to ``path`` and return the main file.

        Raises DataError where the tool cannot.
        """
        ...

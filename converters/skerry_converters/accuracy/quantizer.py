"""The seam that a runtime's quantizer implements for the search."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from skerry_converters.accuracy.float_graph import FloatGraph, Watch
from skerry_converters.accuracy.recipe import Plan
from skerry_converters.sources.base import ModelFile


class Quantizer(Protocol):
    """Quantizes one network for one runtime; it holds the calibration samples.

    Only `search` uses it, and with files that `graph` and its `rewritten` have written.
    """

    @property
    def model(self) -> ModelFile:
        """The float file with its tensors in the file's own layout."""
        ...

    @property
    def may_keep_float(self) -> bool:
        """Whether some layers may stay float; for accelerators and microcontrollers none may."""
        ...

    @property
    def corrects_biases(self) -> bool:
        """Whether the tool corrects biases itself, against the float file."""
        ...

    @property
    def graph(self) -> FloatGraph:
        """What is in the float file."""
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

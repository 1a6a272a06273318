"""Recipes to plans: float files with other weights, and ranges, each made once for all recipes that want it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from skerry_converters.accuracy.bias import corrected
from skerry_converters.accuracy.equalise import equalise
from skerry_converters.accuracy.float_graph import FloatArray, FloatGraph
from skerry_converters.accuracy.quantizer import Quantizer
from skerry_converters.accuracy.ranges import Histogram, least_error_range, percentile_range
from skerry_converters.accuracy.recipe import Equalisation, Plan, Ranges, Recipe
from skerry_converters.accuracy.statistics import channel_statistics, histograms


class Preparation:
    """Makes plans for one quantizer from ``samples``; what it writes stays in ``folder``."""

    def __init__(self, quantizer: Quantizer, samples: Sequence[FloatArray], folder: Path) -> None:
        self._quantizer = quantizer
        self._samples = samples
        self._folder = folder
        self._equalised = cache(self._equalise)
        self._corrected = cache(self._correct)
        self._histograms = cache(self._count)

    def plan(self, recipe: Recipe) -> Plan:
        """Return what the quantizer is to do for a recipe."""
        graph = self._corrected(recipe.equalised) if recipe.bias_corrected else self._equalised(recipe.equalised)
        return Plan(
            float_file=graph.path,
            ranges=self._ranges(recipe.equalised, recipe.ranges),
            kept_float=frozenset(recipe.kept_float),
            preset=recipe.preset,
        )

    def _equalise(self, by: Equalisation) -> FloatGraph:
        graph = self._quantizer.graph
        if not by:
            return graph
        peaks = None
        if by == "activations":
            peaks = channel_statistics(graph, self._quantizer.watch, self._samples).peaks
        return graph.rewritten(equalise(graph, peaks), self._beside(f"equalised-by-{by}"))

    def _correct(self, by: Equalisation) -> FloatGraph:
        graph = self._equalised(by)
        means = channel_statistics(graph, self._quantizer.watch, self._samples).means
        return graph.rewritten(corrected(graph, means), self._beside(f"corrected-{by or 'plain'}"))

    def _count(self, by: Equalisation) -> dict[str, Histogram]:
        return histograms(self._equalised(by), self._quantizer.watch, self._samples)

    def _ranges(self, by: Equalisation, ranges: Ranges) -> dict[str, tuple[float, float]]:
        if ranges == "tool":
            return {}
        counted = self._histograms(by)
        if ranges == "percentile":
            return {name: percentile_range(one) for name, one in counted.items()}
        slopes = self._quantizer.graph.slopes
        return {name: least_error_range(one, slopes[name]) for name, one in counted.items()}

    def _beside(self, name: str) -> Path:
        return self._folder / f"{name}{self._quantizer.graph.path.suffix}"

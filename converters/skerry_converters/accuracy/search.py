"""The search for an int8 file that keeps its network's accuracy: recipes in turn, then layers kept float."""

from __future__ import annotations

import itertools
import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from skerry_converters.accuracy.preparation import Preparation
from skerry_converters.accuracy.quantizer import Quantizer
from skerry_converters.accuracy.recipe import Aim, Equalisation, Goal, Recipe
from skerry_converters.accuracy.report import LayerSensitivity, Score, SearchReport, Trial
from skerry_converters.accuracy.score import Scorer
from skerry_converters.accuracy.sensitivity import measuring_order, ranked, spare_macs, worth_keeping
from skerry_converters.accuracy.stages import clean, enough, growing, recipe_stages, worth_taking
from skerry_converters.families.base import FloatArray, Samples
from skerry_converters.sources.base import SourceFacts
from skerry_edge.backends.base import BackendError, ModelFileError
from skerry_edge.foundation.errors import DataError

STATISTICS_SAMPLES = 64
"""As many samples as ranges and means are taken from; the tool's own calibration sees all."""
SCORED_SAMPLES = 32
LARGEST_FLOAT_ERROR = 1e-3
"""What equalisation may change in float, as a gate allows a float file."""

RANKING_SHARE = 0.8
"""Of the budget; the rest is for trying what the ranking says."""
REFUSALS = (DataError, ModelFileError, BackendError)

GIVEN = "the recipe was given"

Clock = Callable[[], float]
LOGGER = logging.getLogger(__name__)
"""Tells each step, for whoever shows progress."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """The main file that was chosen, how it was found, and a float file with the same scales between its layers."""

    path: Path
    report: SearchReport
    reference: Path


def search(
    quantizer: Quantizer,
    samples: Samples,
    backend: str,
    facts: SourceFacts,
    goal: Goal,
    folder: Path,
    *,
    clock: Clock = time.monotonic,
) -> Found:
    """Try recipes and, where they do not reach the aim, keep layers float; what is written lies in ``folder``.

    ``samples`` are calibration samples in the float file's own layout. Each choice is made on them alone. The plain
    file is made whatever the budget. Where ``goal`` is a recipe, its file is made and nothing is searched. Raises
    DataError where not even that can be made or run.
    """
    taken = spread(samples, STATISTICS_SAMPLES)
    preparation = Preparation(quantizer, taken, folder)
    if isinstance(goal, Recipe):
        return _carried_out(quantizer, preparation, goal, folder)
    scorer = Scorer(quantizer.model, backend, facts.description, spread(taken, SCORED_SAMPLES))
    return _Search(quantizer, preparation, scorer, goal, folder, clock).run()


def spread(samples: Samples | list[FloatArray], most: int) -> list[FloatArray]:
    """Return at most ``most`` samples, evenly from the first to the last.

    Frames of a video and rows of an array come in their order, and the first ones may show one scene or class alone.
    """
    count = len(samples)
    chosen = {place * count // most for place in range(most)} if count > most else set(range(count))
    return [sample for place, sample in enumerate(samples) if place in chosen]


def _carried_out(quantizer: Quantizer, preparation: Preparation, recipe: Recipe, folder: Path) -> Found:
    plan = preparation.plan(recipe)
    path = quantizer.quantize(plan, _int8_file(quantizer, folder, "chosen"))
    return Found(path=path, reference=plan.float_file, report=SearchReport(chosen=recipe, stopped=GIVEN))


def _int8_file(quantizer: Quantizer, folder: Path, name: str) -> Path:
    """Return a path in a new folder: some tools write several files."""
    own = folder / name
    own.mkdir()
    return own / f"model-int8{quantizer.model.path.suffix}"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Made:
    """A file with what it is made by and worth."""

    recipe: Recipe
    path: Path
    float_file: Path
    score: Score


class _Search:
    def __init__(
        self,
        quantizer: Quantizer,
        preparation: Preparation,
        scorer: Scorer,
        aim: Aim,
        folder: Path,
        clock: Clock,
    ) -> None:
        self._quantizer = quantizer
        self._preparation = preparation
        self._scorer = scorer
        self._aim = aim
        self._folder = folder
        self._clock = clock
        self._began_s = clock()
        self._trials: list[Trial] = []
        self._layers: tuple[LayerSensitivity, ...] = ()
        self._float_errors: dict[Equalisation, float] = {}
        self._numbers = itertools.count()

    def run(self) -> Found:
        best = self._tried(Recipe(preset=self._quantizer.presets[0]))
        if not clean(best.score, self._aim.max_drop):
            best = self._try_recipes(best)
        if not enough(best.score, self._aim.max_drop) and self._quantizer.may_keep_float:
            best = self._keep_layers(best)
        kept = set(best.recipe.kept_float)
        report = SearchReport(
            aim=self._aim,
            chosen=best.recipe,
            trials=tuple(self._trials),
            layers=tuple(replace(one, kept_float=one.name in kept) for one in self._layers),
            equalised_max_abs_error=self._float_errors.get(best.recipe.equalised),
            samples=self._scorer.samples,
            elapsed_s=round(self._clock() - self._began_s, 1),
            stopped=self._why(best),
        )
        unchanged = replace(best.recipe, ranges="tool", bias_corrected=False)
        return Found(path=best.path, report=report, reference=self._preparation.plan(unchanged).float_file)

    def _try_recipes(self, best: _Made) -> _Made:
        """Go through all that costs no speed; each stage varies the best so far."""
        stages = recipe_stages(
            presets=self._quantizer.presets,
            linked=bool(self._quantizer.graph.links),
            corrects_biases=self._quantizer.corrects_biases,
        )
        for stage in stages:
            for recipe in stage(best.recipe):
                best = self._best_of(best, recipe)
        return best

    def _keep_layers(self, best: _Made) -> _Made:
        """Rank the layers by what each loses alone, then keep more and more of the worst float until it is enough."""
        multipliers = self._quantizer.graph.multipliers
        self._layers = self._ranking(best.recipe)
        for kept in growing(worth_keeping(self._layers, spare_macs(multipliers))):
            best = self._best_of(best, replace(best.recipe, kept_float=kept))
            if enough(best.score, self._aim.max_drop):
                break
        return best

    def _ranking(self, recipe: Recipe) -> tuple[LayerSensitivity, ...]:
        """Measure each layer alone on integers, as long as there is time."""
        names = [one.name for one in self._quantizer.graph.multipliers if one.may_stay_float]
        order = measuring_order(self._quantizer.graph.multipliers)
        layers = []
        for place, one in enumerate(order):
            if self._used_s >= RANKING_SHARE * self._aim.budget_s:
                break
            LOGGER.info("measuring layer %d of %d", place + 1, len(order))
            others = tuple(name for name in names if name != one.name)
            try:
                made = self._make(replace(recipe, kept_float=others))
            except REFUSALS:
                continue  # what cannot be measured alone is not ranked, and stays on integers
            shutil.rmtree(made.path.parent)
            layers.append(LayerSensitivity(name=one.name, sqnr_db=made.score.sqnr_db, macs=one.macs))
        return ranked(layers)

    def _best_of(self, best: _Made, recipe: Recipe) -> _Made:
        """Try a recipe if there is time, and return what is to be kept; the other's file is removed."""
        if self._out_of_time:
            return best
        LOGGER.info("trying recipe %d", len(self._trials) + 1)
        try:
            made = self._tried(recipe)
        except REFUSALS as error:
            self._trials.append(Trial(recipe=recipe, reason=str(error)))
            return best
        if worth_taking(made.score, best.score):
            best, made = made, best
        shutil.rmtree(made.path.parent)
        return best

    def _tried(self, recipe: Recipe) -> _Made:
        made = self._make(recipe)
        self._trials.append(Trial(recipe=recipe, score=made.score))
        return made

    def _make(self, recipe: Recipe) -> _Made:
        plan = self._preparation.plan(recipe)
        if recipe.equalised and not recipe.bias_corrected:
            self._prove_unchanged(recipe.equalised, plan.float_file)
        path = self._quantizer.quantize(plan, _int8_file(self._quantizer, self._folder, f"try-{next(self._numbers)}"))
        return _Made(recipe=recipe, path=path, float_file=plan.float_file, score=self._scorer.score(path))

    def _prove_unchanged(self, by: Equalisation, float_file: Path) -> None:
        if by in self._float_errors:
            return
        error = self._scorer.largest_error(float_file)
        if not error <= LARGEST_FLOAT_ERROR:  # NaN is no proof
            raise DataError("equalisation changed the float network", found=f"by up to {error:.1e}")
        self._float_errors[by] = error

    def _why(self, best: _Made) -> str:
        if enough(best.score, self._aim.max_drop):
            return "the float network's detections are kept as far as was asked for"
        if self._out_of_time:
            return f"the budget of {self._aim.budget_s:g} s was used up"
        if not self._quantizer.may_keep_float:
            return "all recipes were tried, and this target can keep no layer float"
        return "all recipes were tried, and no more layers can stay float"

    @property
    def _out_of_time(self) -> bool:
        return self._used_s >= self._aim.budget_s

    @property
    def _used_s(self) -> float:
        return self._clock() - self._began_s

"""How an accurate int8 file was found: what was tried, and which layers a network is most sensitive to."""

from __future__ import annotations

import math
from collections.abc import Sequence

from skerry_converters.accuracy.recipe import Aim
from skerry_converters.accuracy.report import LayerSensitivity, SearchReport, Trial
from skerry_converters.gates.report import GateReport
from skerry_converters.page import words
from skerry_converters.page.charts import Column, column_chart, legend
from skerry_converters.page.tables import Cell, folded, table
from skerry_edge.bench.page.markup import Markup, element, together

_STEP_DB = 10.0
_HIGHEST_DB = 60.0
"""Layers that cost next to nothing must not press all others together."""
_LISTED = 15
"""As many layers are in the open table; the others follow in one to open."""


def search_section(report: GateReport) -> Markup:
    """Return the search that found a file, or nothing for a plain one."""
    found = report.search
    if found is None:
        return Markup("")
    if found.aim is None:
        return together(
            (element("h3", "How it was made"), element("p", f"By a recipe found before: {words.recipe(found.chosen)}."))
        )
    parts = [element("h3", "How it was found"), element("p", _told(found, found.aim)), _trials(found)]
    if found.layers:
        parts += [element("h3", "Sensitivity by layer"), _figure(report.variant, found.layers), *_ranking(found.layers)]
    return together(parts)


def _told(found: SearchReport, aim: Aim) -> str:
    recipes = words.counted(len(found.trials), "recipe", "recipes")
    samples = words.counted(found.samples, "calibration sample", "calibration samples")
    told = [
        f"Wanted: at most {aim.max_drop:g} points lost, found within {aim.budget_s:g} s.",
        f"Tried: {recipes} in {found.elapsed_s:.0f} s on {samples}; what the verdict is given on took no part.",
    ]
    if found.stopped:
        told.append(f"The search ended: {found.stopped}.")
    if found.equalised_max_abs_error is not None:
        change = f"{found.equalised_max_abs_error:.2g}"
        told.append(f"Equalisation changed no output of the float network by more than {change}.")
    return " ".join(told)


def _trials(found: SearchReport) -> Markup:
    judged_by_points = any(one.score and one.score.kept_points is not None for one in found.trials)
    headings = ["recipe", "mean SQNR", *(["AP kept"] if judged_by_points else [])]
    rows = [_trial(one, chosen=one.recipe == found.chosen, points=judged_by_points) for one in found.trials]
    return table(headings, rows)


def _trial(trial: Trial, *, chosen: bool, points: bool) -> list[Cell]:
    said = words.recipe(trial.recipe) + (f": {trial.reason}" if trial.score is None else "")
    mark = [" ", element("span", "chosen", class_="badge passed")] if chosen else []
    cells: list[Cell] = [together((said, *mark)), words.ratio(trial.score.sqnr_db if trial.score else None)]
    kept_points = trial.score.kept_points if trial.score else None
    return [*cells, words.figure(kept_points, ".1f")] if points else cells


def _figure(variant: str, layers: Sequence[LayerSensitivity]) -> Markup:
    highest_db = min(max(one.sqnr_db for one in layers), _HIGHEST_DB)
    top_db = _STEP_DB * max(2, math.ceil(highest_db / _STEP_DB))
    columns = [
        Column(
            height_db=one.sqnr_db,
            kind="float" if one.kept_float else "good",
            title=f"{place}. {words.layer(one.name)}: {words.ratio(one.sqnr_db)}",
        )
        for place, one in enumerate(layers, start=1)
    ]
    name = f"Sensitivity of the layers of {variant}"
    chart = column_chart(columns, name=name, top_db=top_db, step_db=_STEP_DB)
    caption = (
        "Mean SQNR of the outputs when one layer alone is on integers, the most sensitive first; a low column costs "
        "much accuracy."
    )
    meanings = legend({one.kind for one in columns}, {"good": "on integers", "float": "kept float"})
    return element("figure", chart, meanings, element("figcaption", caption))


def _ranking(layers: Sequence[LayerSensitivity]) -> list[Markup]:
    total = sum(one.macs for one in layers) or 1
    rows = [
        (
            element("span", f"{place}. {words.layer(one.name)}", title=one.name),
            "kept float" if one.kept_float else "",
            words.ratio(one.sqnr_db),
            words.share(one.macs / total),
        )
        for place, one in enumerate(layers, start=1)
    ]
    headings = ("layer", "", "outputs' SQNR", "multiply-accumulates")
    parts = [table(headings, rows[:_LISTED], numbers_from=2)]
    if rows[_LISTED:]:
        rest = words.counted(len(rows) - _LISTED, "less sensitive layer", "less sensitive layers")
        parts.append(folded(rest, table(headings, rows[_LISTED:], numbers_from=2)))
    return parts

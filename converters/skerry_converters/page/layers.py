"""A file's error layer by layer: a picture, and the table behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from skerry_converters.families.base import INTEGER_PRECISIONS
from skerry_converters.gates.report import GateReport
from skerry_converters.layer_errors.report import LayerError, LayerErrors
from skerry_converters.page import words
from skerry_converters.page.charts import Column, ColumnKind, column_chart, legend
from skerry_converters.page.tables import folded, table
from skerry_edge.bench.page.markup import Markup, element, together

_TOP_DB = {True: 60.0, False: 100.0}
"""The height of the chart for integer files and for float ones, which come far closer."""
_MEANINGS: Mapping[ColumnKind, str] = {"good": "on integers", "float": "kept float", "exact": "exact"}


def layer_section(report: GateReport) -> Markup:
    """Return the error of a file's layers, or why it is not known; nothing where it was not looked for."""
    found = report.layers
    if found is None:
        return Markup("")
    title = element("h3", "Error by layer")
    if not found.layers:
        return together((title, element("p", f"Not measured: {found.reason}.", class_="quiet")))
    begins = words.error_begins(report)
    told = [element("p", f"{begins[0].upper()}{begins[1:]}.")] if begins else []
    return together((title, *told, _figure(report, found), _table(found.layers)))


def _figure(report: GateReport, found: LayerErrors) -> Markup:
    top_db, floor_db = _TOP_DB[report.precision in INTEGER_PRECISIONS], report.limits.integer_sqnr_db
    columns = [_column(place, one, top_db, floor_db) for place, one in enumerate(found.layers, start=1)]
    kinds = {one.kind for one in columns}
    name = f"Error of each layer of {report.variant}"
    shown_floor = floor_db if "bad" in kinds else None
    chart = column_chart(columns, name=name, top_db=top_db, step_db=20.0, floor_db=shown_floor)
    meanings = {**_MEANINGS, "bad": f"under {floor_db:g} dB"}
    return element("figure", chart, legend(kinds, meanings), element("figcaption", _caption(found)))


def _caption(found: LayerErrors) -> str:
    count, total = len(found.layers), found.multiplying
    layers = f"All {total} layers that multiply" if count == total else f"{count} of {total} layers that multiply"
    unnamed = "" if count == total else " The others have no name that is certain in the float file."
    inputs = words.counted(found.inputs, "held-out input", "held-out inputs")
    return f"{layers}, from input to output, each against the float network on {inputs}; higher is closer.{unnamed}"


def _column(place: int, layer: LayerError, top_db: float, floor_db: float) -> Column:
    return Column(
        height_db=top_db if layer.sqnr_db is None else layer.sqnr_db,
        kind=_kind(layer, floor_db),
        title=f"{place}. {words.layer(layer.name)} ({layer.kind}): {_words(layer)}",
    )


def _kind(layer: LayerError, floor_db: float) -> ColumnKind:
    if layer.kept_float:
        return "float"
    if layer.sqnr_db is None:
        return "exact"
    return "bad" if layer.sqnr_db < floor_db else "good"


def _table(layers: Sequence[LayerError]) -> Markup:
    rows = [
        (element("span", f"{place}. {words.layer(one.name)}", title=one.name), one.kind, _words(one))
        for place, one in enumerate(layers, start=1)
    ]
    return folded(
        words.counted(len(rows), "layer", "layers"), table(("layer", "operator", "SQNR"), rows, numbers_from=2)
    )


def _words(layer: LayerError) -> str:
    ratio = "exact" if layer.sqnr_db is None else words.ratio(layer.sqnr_db)
    return f"{ratio}, kept float" if layer.kept_float else ratio

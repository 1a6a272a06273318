"""Tables of a conversion's page, and what is shown only when it is opened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from skerry_edge.bench.page.markup import Markup, element

Cell = Markup | str | int


def table(headings: Iterable[str], rows: Iterable[Iterable[Cell]], *, numbers_from: int = 1) -> Markup:
    """Return a table in a box that scrolls on a narrow screen; columns from ``numbers_from`` on are set right.

    Without ``headings`` it has no head.
    """
    titles = list(headings)

    def kind(place: int) -> str | None:
        return "number" if place >= numbers_from else None

    body = [element("tr", *(element("td", cell, class_=kind(place)) for place, cell in enumerate(row))) for row in rows]
    above = [_head(titles, numbers_from)] if titles else []
    return element("div", element("table", *above, element("tbody", *body)), class_="scroll")


def stacking_table(headings: Sequence[str], rows: Iterable[Sequence[Cell]], *, numbers_from: int) -> Markup:
    """Return a table of few rows, each of which becomes a list of headed values on a narrow screen."""
    body = [
        element(
            "tr",
            *(
                element("td", cell, class_="number" if place >= numbers_from else None, data_label=headings[place])
                for place, cell in enumerate(row)
            ),
        )
        for row in rows
    ]
    return element("table", _head(headings, numbers_from), element("tbody", *body), class_="stacking")


def folded(summary: Cell, *children: Cell) -> Markup:
    """Return what is shown only when its summary is opened."""
    return element("details", element("summary", summary), *children)


def _head(titles: Sequence[str], numbers_from: int) -> Markup:
    cells = [
        element("th", title, class_="number" if place >= numbers_from else None, scope="col")
        for place, title in enumerate(titles)
    ]
    return element("thead", element("tr", *cells))

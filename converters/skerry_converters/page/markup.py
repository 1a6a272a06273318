"""HTML from nested calls: every text is escaped, and only what was made here is taken as markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_VOID = frozenset({"img", "meta"})


class Html(str):
    """Markup that is complete and safe; a plain `str` never is."""

    __slots__ = ()


Cell = Html | str | int


def tag(name: str, /, *children: Cell, **attributes: str | float | None) -> Html:
    """Return an element. Attributes that are None are left out; ``class_`` is `class`, and `_` in a name is `-`."""
    listed = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Html(f"<{name}{listed}>")
    return Html(f"<{name}{listed}>{joined(children)}</{name}>")


def joined(children: Iterable[Cell]) -> Html:
    """Return several parts as one; texts among them are escaped."""
    return Html("".join(child if isinstance(child, Html) else escape(str(child)) for child in children))


def table(headings: Iterable[str], rows: Iterable[Iterable[Cell]], *, numbers_from: int = 1) -> Html:
    """Return a table in a box that scrolls on a narrow screen; columns from ``numbers_from`` on are set right.

    Without ``headings`` it has no head.
    """
    titles = list(headings)

    def kind(place: int) -> str | None:
        return "number" if place >= numbers_from else None

    body = [tag("tr", *(tag("td", cell, class_=kind(place)) for place, cell in enumerate(row))) for row in rows]
    above = [_head(titles, numbers_from)] if titles else []
    return tag("div", tag("table", *above, tag("tbody", *body)), class_="scroll")


def stacking_table(headings: Sequence[str], rows: Iterable[Sequence[Cell]], *, numbers_from: int) -> Html:
    """Return a table of few rows, each of which becomes a list of headed values on a narrow screen."""
    body = [
        tag(
            "tr",
            *(
                tag("td", cell, class_="number" if place >= numbers_from else None, data_label=headings[place])
                for place, cell in enumerate(row)
            ),
        )
        for row in rows
    ]
    return tag("table", _head(headings, numbers_from), tag("tbody", *body), class_="stacking")


def folded(summary: Cell, *children: Cell) -> Html:
    """Return what is shown only when its summary is opened."""
    return tag("details", tag("summary", summary), *children)


def _head(titles: Sequence[str], numbers_from: int) -> Html:
    cells = [
        tag("th", title, class_="number" if place >= numbers_from else None, scope="col")
        for place, title in enumerate(titles)
    ]
    return tag("thead", tag("tr", *cells))

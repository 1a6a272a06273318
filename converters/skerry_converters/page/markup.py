"""HTML from nested calls: every text is escaped, and only what was made here is taken as markup."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

_VOID = frozenset({"img", "meta"})


class Html(str):
    """Markup that is complete and safe; a plain `str` never is."""

    __slots__ = ()


def tag(name: str, /, *children: Html | str | int, **attributes: str | float | None) -> Html:
    """Return an element. Attributes that are None are left out; ``class_`` is `class`, and `_` in a name is `-`."""
    listed = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Html(f"<{name}{listed}>")
    return Html(f"<{name}{listed}>{joined(children)}</{name}>")


def joined(children: Iterable[Html | str | int]) -> Html:
    """Return several parts as one; texts among them are escaped."""
    return Html("".join(child if isinstance(child, Html) else escape(str(child)) for child in children))


def table(headings: Iterable[str], rows: Iterable[Iterable[Html | str | int]], *, numbers_from: int = 1) -> Html:
    """Return a table in a box that scrolls on a narrow screen; columns from ``numbers_from`` on are set right.

    Without ``headings`` it has no head.
    """
    titles = list(headings)

    def kind(place: int) -> str | None:
        return "number" if place >= numbers_from else None

    head = tag("tr", *(tag("th", title, class_=kind(place), scope="col") for place, title in enumerate(titles)))
    body = [tag("tr", *(tag("td", cell, class_=kind(place)) for place, cell in enumerate(row))) for row in rows]
    above = [tag("thead", head)] if titles else []
    return tag("div", tag("table", *above, tag("tbody", *body)), class_="scroll")

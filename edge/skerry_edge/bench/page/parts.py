"""What pages are made of besides text: tables, terms, captioned pictures, and figures set large."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from skerry_edge.bench.page.markup import Markup, element, together


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """One figure: what it is, its value, and what stands below it, such as its interval."""

    what: str
    figure: str
    below: str


def table(headings: Sequence[Markup | str], rows: Iterable[Sequence[Markup | str | int]], *, texts: int = 1) -> Markup:
    """Return a table that scrolls by itself where the screen is narrow; after the first ``texts`` columns are numbers.

    The first cell of each row is its heading.
    """
    head = [element("th", heading, scope="col", class_=_kind(place, texts)) for place, heading in enumerate(headings)]
    body = [
        element(
            "tr",
            *(
                element("th", cell, scope="row") if place == 0 else element("td", cell, class_=_kind(place, texts))
                for place, cell in enumerate(row)
            ),
        )
        for row in rows
    ]
    parts = [element("thead", element("tr", *head)), element("tbody", *body)]
    return element("div", element("table", *parts), class_="scroll", tabindex=0)


def terms(pairs: Iterable[tuple[str, Markup | str]]) -> Markup:
    """Return a list of terms, each with what belongs to it."""
    return element("dl", *(together((element("dt", term), element("dd", words))) for term, words in pairs))


def tiles(shown: Iterable[Tile]) -> Markup:
    """Return figures side by side."""
    return element("div", *(_tile(one) for one in shown), class_="tiles")


def figure(drawn: Markup, caption: str) -> Markup:
    """Return a picture with the words below it."""
    return element("figure", drawn, element("figcaption", caption))


def note(words: str) -> Markup:
    """Return a sentence about what stands beside it."""
    return element("p", words, class_="note")


def unfolding(summary: str, *content: Markup, shown: bool = False) -> Markup:
    """Return what is behind its one line until somebody unfolds it, or ``shown`` from the start."""
    return element("details", element("summary", summary), *content, open="" if shown else None)


def _tile(one: Tile) -> Markup:
    return element(
        "div",
        element("div", one.what, class_="what"),
        element("div", one.figure, class_="figure"),
        element("div", one.below, class_="below"),
        class_="tile",
    )


def _kind(place: int, texts: int) -> str | None:
    return "number" if place >= texts else None

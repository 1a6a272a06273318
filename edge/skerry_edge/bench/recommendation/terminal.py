"""A recommendation for a terminal: the answer, the table of candidates, and what they rest on."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from skerry_edge.bench.recommendation.result import Recommendation
from skerry_edge.bench.recommendation.wording import (
    PICK,
    accuracy_sentence,
    advice,
    cells,
    headings,
    headline,
    machine_sentence,
    mark,
    remark,
    wanted_sentence,
)

_TEXTS = ("row", "")


def table(answer: Recommendation) -> Table:
    """Return the candidates, the pick in bold and those off the front dimmed."""
    drawn = Table(title=Text(f"{answer.model} {answer.version}"), title_justify="left")
    for heading in headings(answer):
        text = heading in _TEXTS
        drawn.add_column(heading, justify="left" if text else "right", overflow="fold", no_wrap=True)
    for one in answer.candidates:
        place = mark(answer, one)
        style = "bold" if place == PICK else None if place else "dim"
        # Names come out of a file: text, never markup.
        drawn.add_row(*(Text(cell) for cell in cells(answer, one)), style=style)
    return drawn


def notes(answer: Recommendation) -> Iterator[str]:
    """Yield the answer, its reason, what is said of each candidate, and what all rests on."""
    yield wanted_sentence(answer)
    yield headline(answer)
    yield answer.reason
    for one in answer.candidates:
        if told := remark(one):
            yield f"  {one.name}: {told}"
    for given in answer.concessions:
        yield f"  {given.words}"
    yield machine_sentence(answer)
    yield accuracy_sentence(answer)
    if (todo := advice(answer)) is not None:
        yield todo

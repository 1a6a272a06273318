"""The page about a recommendation: the answer, the picture of the front, and every candidate with its reasons."""

from __future__ import annotations

from skerry_edge.bench.evaluation import words
from skerry_edge.bench.page.document import document
from skerry_edge.bench.page.markup import NOTHING, Markup, element
from skerry_edge.bench.page.parts import Tile, figure, table, terms, tiles
from skerry_edge.bench.recommendation.phrases import fps_within, milliseconds, points, span
from skerry_edge.bench.recommendation.picking import drop_of, latency_of
from skerry_edge.bench.recommendation.picture import front_picture
from skerry_edge.bench.recommendation.result import Candidate, Recommendation
from skerry_edge.bench.recommendation.wording import (
    accuracy_sentence,
    advice,
    cells,
    headings,
    headline,
    machine_sentence,
    remark,
    wanted_sentence,
)

_CAPTION = (
    "Up and to the left is better; what is shaded keeps to both limits. The stepped line is the front; what is grey is "
    "off it. The bar of a point is the 95 % interval of its drop."
)
_TERMS = (
    ("front", "the candidates of which none is beaten in time or accuracy by one that does not lose in the other"),
    ("pick", "of those within both limits the most accurate; of several that cannot be told apart the fastest"),
    ("lost", "points: hundredths of AP50 below the reference and the interval of a paired bootstrap"),
    ("fps", "frames a second that can be kept up with, one after the other"),
)


def render_page(answer: Recommendation) -> str:
    """Return the page as one HTML text."""
    name = f"{answer.model} {answer.version}"
    return document(
        f"{name}: recommendation",
        element("header", element("h1", headline(answer)), element("p", name, class_="note")),
        _tiles(answer),
        element("p", answer.reason),
        _concessions(answer),
        element("p", advice(answer) or "") if advice(answer) else NOTHING,
        _front(answer),
        _candidates(answer),
        element("section", element("h2", "What it rests on"), *_facts(answer)),
        element("footer", element("h2", "Terms"), terms(_TERMS)),
    )


def _tiles(answer: Recommendation) -> Markup:
    pick = answer.picked
    return NOTHING if pick is None else tiles(_figures(answer, pick))


def _figures(answer: Recommendation, pick: Candidate) -> list[Tile]:
    wanted, drop = answer.wanted, drop_of(pick)
    where = f"not measured on {wanted.board}" if answer.elsewhere else f"{milliseconds(wanted.limit_ms)} ms allowed"
    ends = span(drop)
    lost = f"{wanted.max_drop_points:g} allowed" + (f", 95 % interval {ends}" if ends else "")
    return [
        Tile(what=f"{wanted.quantile} end to end", figure=f"{milliseconds(latency_of(pick))} ms", below=where),
        Tile(
            what="Frames a second",
            figure=f"{fps_within(latency_of(pick)):g}",
            below=f"{wanted.fps:g} wanted{' there' if answer.elsewhere else ''}",
        ),
        Tile(what="Points of AP50 lost", figure=points(drop.points), below=lost),
        Tile(what="AP50", figure=words.share(pick.ap50), below=f"reference {answer.accuracy.reference_ap50:.3f}"),
    ]


def _concessions(answer: Recommendation) -> Markup:
    if not answer.concessions:
        return NOTHING
    items = [element("li", one.words) for one in answer.concessions]
    return element("section", element("h2", "What would have to give"), element("ul", *items))


def _front(answer: Recommendation) -> Markup:
    picture = front_picture(answer)
    if picture == NOTHING:
        return NOTHING
    caption = f"{_CAPTION} {machine_sentence(answer)}" if answer.elsewhere else _CAPTION
    return element("section", element("h2", "The front"), figure(picture, caption))


def _candidates(answer: Recommendation) -> Markup:
    rows = [cells(answer, one) for one in answer.candidates]
    told = [(one.name, remark(one)) for one in answer.candidates if remark(one)]
    reasons = table(("row", "remark"), told, texts=2) if told else NOTHING
    return element("section", element("h2", "Every variant"), table(headings(answer), rows, texts=2), reasons)


def _facts(answer: Recommendation) -> list[Markup]:
    return [
        element("p", told) for told in (wanted_sentence(answer), machine_sentence(answer), accuracy_sentence(answer))
    ]

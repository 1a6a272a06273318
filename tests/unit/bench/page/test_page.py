"""Pages: safe whatever names they are given, whole in themselves, and charts that put values where they belong."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_edge.bench.page.axes import Axis
from skerry_edge.bench.page.charts import Estimate, Scale, Series, interval_chart, legend, line_chart, small_chart
from skerry_edge.bench.page.document import document
from skerry_edge.bench.page.markup import Markup, element, together
from skerry_edge.bench.page.overlay import OverlayBox, overlay
from skerry_edge.bench.page.parts import Tile, figure, note, table, terms, tiles, unfolding

HOSTILE = "</style><script src=//evil.example></script>'\"><img src=x onerror=alert(1)>&amp;"
VOID = {"br", "img", "meta"}
UNIT = Scale(title="share", low=0.0, high=1.0)


class Page(HTMLParser):
    """Reads a page as a browser would, and insists on tags that are closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[dict[str, str | None]] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.append(dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40))
def test_any_text_comes_back_as_itself_and_adds_no_element(text: str) -> None:
    page = Page(element("p", text, title=text))
    assert (page.tags, page.text, page.attributes) == (["p"], text, [{"title": text}])


def test_what_was_made_as_markup_stays_markup() -> None:
    assert together(("<i>", Markup("<i>"), 5)) == "&lt;i&gt;<i>5"
    assert element("a", class_="x", text_anchor="end", href=None) == '<a class="x" text-anchor="end"></a>'


def test_every_part_takes_any_text_and_the_page_names_no_outside_address() -> None:
    box = OverlayBox(box_px=(1, 1, 5, 5), words=HOSTILE, kind="found")
    series = Series(name=HOSTILE, points=[(0, 0), (1, 1)])
    row = Estimate(name=HOSTILE, value=0.5, low=0.4, high=0.6, words=HOSTILE, colour=0)
    hostile = Scale(title=HOSTILE, low=0.0, high=1.0)
    html = document(
        HOSTILE,
        table((HOSTILE,), [(HOSTILE,)]),
        terms([(HOSTILE, HOSTILE)]),
        tiles([Tile(what=HOSTILE, figure=HOSTILE, below=HOSTILE)]),
        note(HOSTILE),
        unfolding(HOSTILE, figure(line_chart(HOSTILE, hostile, hostile, [series]), HOSTILE)),
        legend([HOSTILE]),
        small_chart(HOSTILE, [series]),
        interval_chart(HOSTILE, hostile, [row]),
        overlay(HOSTILE, np.zeros((9, 9, 3), np.uint8), [box]),
    )
    page = Page(html)
    assert not {"script", "link", "iframe"} & set(page.tags)
    assert not any(key.startswith("on") for one in page.attributes for key in one)
    addresses = [value for one in page.attributes for key, value in one.items() if key in ("href", "src") and value]
    assert len(addresses) == 1
    assert addresses[0].startswith("data:image/jpeg;base64,")
    assert any(one.get("http-equiv") == "Content-Security-Policy" for one in page.attributes)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.68, 1, [0.7, 0.8, 0.9, 1.0]),
        (-5.5, 5.5, [-5.0, -2.5, 0, 2.5, 5.0]),
        (0, 130, [0, 50, 100]),
        (0, 0.004, [0, 0.001, 0.002, 0.003, 0.004]),
    ],
)
def test_lines_stand_at_round_values(low: float, high: float, ticks: list[float]) -> None:
    assert Axis(low=low, high=high, start=0, end=100).ticks() == pytest.approx(ticks)


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_an_axis_of_any_size_has_a_few_lines_within_it(low: float, width: float) -> None:
    axis = Axis(low=low, high=low + max(width, abs(low) * 1e-6), start=0, end=100)
    ticks = axis.ticks()
    assert 1 <= len(ticks) <= 6
    assert all(0 <= axis.at(tick) <= 100 for tick in ticks)


def test_values_outside_an_axis_end_at_its_edge() -> None:
    axis = Axis(low=0, high=10, start=100, end=0)
    assert [axis.at(value) for value in (-3, 0, 5, 10, 99)] == [100, 100, 50, 0, 0]


def test_a_line_keeps_its_corners_and_leaves_out_what_lies_between() -> None:
    flat_then_down = Series(name="a", points=[(0.0, 1.0), (0.25, 1.0), (0.5, 1.0), (0.75, 0.0), (1.0, 0.0)])
    drawn = small_chart("a chart", [flat_then_down])
    (points,) = re.findall(r'points="([^"]*)"', drawn)
    assert points == "8,8 75,8 108.5,102 142,102"


def test_the_first_series_is_drawn_last_so_that_it_lies_on_top() -> None:
    same = [(0.0, 0.5), (1.0, 0.5)]
    drawn = line_chart("two", UNIT, UNIT, [Series(name="a", points=same), Series(name="b", points=same)])
    assert re.findall(r'class="line (s\d)"', drawn) == ["s2", "s1"]


def test_boxes_lie_where_they_are_in_the_picture_however_it_is_scaled() -> None:
    box = OverlayBox(box_px=(500, 250, 1000, 500), words="a", kind="missed")
    drawn = overlay("a picture", np.zeros((500, 1000, 3), np.uint8), [box])
    assert 'viewBox="0 0 640.0 320.0"' in drawn
    assert '<rect x="320.0" y="160.0" width="320.0" height="160.0" class="box missed">' in drawn


@pytest.mark.parametrize("box", [(0, 0, 30, 30), (380, 280, 400, 300), (0, 290, 5, 300)])
def test_labels_stay_inside_the_picture(box: tuple[float, float, float, float]) -> None:
    drawn = overlay("a", np.zeros((300, 400, 3), np.uint8), [OverlayBox(box_px=box, words="speed limit", kind="false")])
    (plate,) = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="(\d+)" class="plate">', drawn)
    x, y, width, height = map(float, plate)
    assert x >= 0
    assert y >= 0
    assert x + width <= 640
    assert y + height <= 480

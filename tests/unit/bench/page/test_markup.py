"""Nothing but what was made as markup is markup."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from skerry_edge.bench.page.markup import Markup, element, together


def test_texts_are_escaped_and_markup_is_kept() -> None:
    assert element("p", "a < b & c", element("b", "d")) == "<p>a &lt; b &amp; c<b>d</b></p>"
    assert together(("<i>", Markup("<i>"), 5)) == "&lt;i&gt;<i>5"


def test_attributes_are_escaped_and_those_without_value_left_out() -> None:
    made = element("a", "x", href='"><script>', class_=None, text_anchor="middle")
    assert made == '<a href="&quot;&gt;&lt;script&gt;" text-anchor="middle">x</a>'


def test_void_elements_have_no_end_and_all_others_have_one() -> None:
    assert element("img", src="a") == '<img src="a">'
    assert element("line", x1=1) == '<line x1="1"></line>'


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.text = ""
        self.values: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.values += [value for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40))
def test_any_text_comes_back_as_itself(text: str) -> None:
    parser = _Texts()
    parser.feed(element("p", text, title=text))
    parser.close()
    assert (parser.tags, parser.text, parser.values) == (["p"], text, [text])

"""Nothing but what was made as markup is markup."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from skerry_converters.page.markup import Html, joined, stacking_table, table, tag


def test_texts_are_escaped_and_markup_is_kept() -> None:
    assert tag("p", "a < b & c", tag("b", "d")) == "<p>a &lt; b &amp; c<b>d</b></p>"
    assert joined(("<i>", Html("<i>"), 5)) == "&lt;i&gt;<i>5"


def test_attributes_are_escaped_and_those_without_value_left_out() -> None:
    made = tag("a", "x", href='"><script>', class_=None, text_anchor="middle")
    assert made == '<a href="&quot;&gt;&lt;script&gt;" text-anchor="middle">x</a>'


def test_void_elements_have_no_end_and_all_others_have_one() -> None:
    assert tag("img", src="a") == '<img src="a">'
    assert tag("line", x1=1) == '<line x1="1"></line>'


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
    parser.feed(tag("p", text, title=text))
    parser.close()
    assert (parser.tags, parser.text, parser.values) == (["p"], text, [text])


def test_a_table_without_headings_has_no_head() -> None:
    made = table((), [("a", 1)])
    assert "<thead>" not in made
    assert made == (
        '<div class="scroll"><table><tbody><tr><td>a</td><td class="number">1</td></tr></tbody></table></div>'
    )


def test_a_stacking_table_has_its_heading_at_every_value() -> None:
    made = stacking_table(("file", "size"), [("a", 1)], numbers_from=1)
    assert '<td data-label="file">a</td><td class="number" data-label="size">1</td>' in made

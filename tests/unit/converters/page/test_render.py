"""The page: complete in itself, safe whatever names it is given, and right."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from skerry_converters.page.content import PageContent
from skerry_converters.page.render import render_page

Make = Callable[..., PageContent]
HOSTILE = "</style><script src=//evil.example></script>'\"><img src=x onerror=alert(1)>&amp;"
VOID = {"img", "meta"}


class Page(HTMLParser):
    """Reads a page as a browser would, and insists on tags that are closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += f"{data} "

    def addresses(self) -> list[str]:
        keys = ("src", "href", "srcset", "data", "action")
        return [value for _, attributes in self.seen for key, value in attributes.items() if key in keys and value]


def test_the_page_is_well_formed_and_shows_every_part(content: Make) -> None:
    page = Page(render_page(content()))
    headings = [tag for tag, _ in page.seen if tag in ("h1", "h2")]
    assert headings == ["h1", *["h2"] * 8]
    for part in (
        "2 of 3 files passed their gates.",
        "passed, too little to judge by",
        "+7.9 (-1.7 to +16.4)",
        "44 of 55",
        "13.9 dB",
        "exact",
        "1.22 MB",
        "9.00 kB",
        "800 B",
        "97.3% of multiply-accumulates on integers",
        "head: 3 boxes without a match",
        "source: 1 box ",
        "31.0 dB",
        "exact, kept float",
        "Judged on 25 pictures, with labels: a part of the calibration data that was set aside.",
    ):
        assert part in page.text, part


def test_nothing_is_fetched_from_anywhere(content: Make) -> None:
    html = render_page(content())
    page = Page(html)
    assert page.addresses()
    assert all(re.match(r"data:image/(png|jpeg);base64,|#", address) for address in page.addresses())
    assert "script" not in {tag for tag, _ in page.seen}
    assert "link" not in {tag for tag, _ in page.seen}
    assert not re.search(r"url\(|@import|https?:", html)
    policy = next(attributes for tag, attributes in page.seen if "http-equiv" in attributes)
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_hostile_names_stay_texts_wherever_they_stand(content: Make) -> None:
    harmless, hostile = Page(render_page(content())), Page(render_page(content(HOSTILE)))
    assert [tag for tag, _ in hostile.seen] == [tag for tag, _ in harmless.seen]
    assert [sorted(attributes) for _, attributes in hostile.seen] == [
        sorted(attributes) for _, attributes in harmless.seen
    ]
    assert hostile.text.count(HOSTILE) == harmless.text.count("head") > 15


def test_the_same_content_gives_the_same_bytes(content: Make) -> None:
    assert render_page(content()) == render_page(content())


def test_parts_that_are_not_known_are_left_out(content: Make) -> None:
    full = content()
    bare = replace(
        full, variants=full.variants[1:], left_out={}, cautions=(), sensitivity=None, calibration_sha256=None
    )
    page = Page(render_page(bare))
    assert "svg" in {tag for tag, _ in page.seen}  # the bars of the sizes
    for part in ("Not made", "Sensitivity", "Outputs", "Error by layer", "Operators", "Pictures"):
        assert part not in page.text


def test_a_conversion_without_any_file_still_has_a_page(content: Make) -> None:
    page = Page(render_page(replace(content(), variants=())))
    assert "0 of 0 files" in page.text


@pytest.mark.parametrize("anchor", ["onnx-int8", "tflite-int8", "openvino-int8"])
def test_links_lead_to_the_sections_of_the_files(content: Make, anchor: str) -> None:
    page = Page(render_page(content()))
    assert f"#{anchor}" in page.addresses()
    assert anchor in [attributes.get("id") for _, attributes in page.seen]

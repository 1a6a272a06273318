"""The whole page as one HTML text."""

from __future__ import annotations

from importlib.resources import files

from skerry_converters.page.content import PageContent
from skerry_converters.page.markup import Html, joined, tag
from skerry_converters.page.summary import doubts, gate_table, heading
from skerry_converters.page.variant import variant_section

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""Makes a browser refuse whatever is not in the file itself."""
_TERMS = (
    (
        "SQNR",
        "signal to quantization noise ratio: 10 log10 of the sum of squares of the source's values over that of errors",
    ),
    ("largest error", "in the output's own units, over all held-out inputs"),
    (
        "boxes matched",
        "of the source's boxes above the device's threshold, those with one of the file's at IoU 0.5 or more",
    ),
    ("LSB", "one step of the output's own quantization"),
    (
        "error by layer",
        "the SQNR of what a layer gives within the file; integers count as the real numbers that they stand for",
    ),
    (
        "AP kept",
        "average precision at IoU 0.5, in points of 100, on calibration data; the float network's boxes are the truth",
    ),
)


def render_page(content: PageContent) -> str:
    """Return the page; it holds its pictures and styles, and names no outside address."""
    style = files("skerry_converters.page").joinpath("page.css").read_text("utf-8")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{content.name} {content.version}: conversion"),
        # The style is a file of this package, and CSS would not survive escaping.
        tag("style", Html(style)),
    )
    main = tag(
        "main",
        heading(content),
        gate_table(content),
        doubts(content),
        *(variant_section(one) for one in content.variants),
        _terms(),
    )
    return joined((Html("<!doctype html>\n"), tag("html", head, tag("body", main), lang="en"), Html("\n")))


def _terms() -> Html:
    listed = [joined((tag("dt", term), tag("dd", meaning))) for term, meaning in _TERMS]
    return tag("footer", tag("h2", "Terms"), tag("dl", *listed))

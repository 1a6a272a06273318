"""The whole page as one HTML text."""

from __future__ import annotations

from skerry_converters.page.content import PageContent
from skerry_converters.page.summary import doubts, gate_table, heading
from skerry_converters.page.variant import variant_section
from skerry_edge.bench.page.document import document
from skerry_edge.bench.page.markup import Markup, element, together

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
    return document(
        f"{content.name} {content.version}: conversion",
        heading(content),
        gate_table(content),
        doubts(content),
        *(variant_section(one) for one in content.variants),
        _terms(),
        styled_by="skerry_converters.page",
    )


def _terms() -> Markup:
    listed = [together((element("dt", term), element("dd", meaning))) for term, meaning in _TERMS]
    return element("footer", element("h2", "Terms"), element("dl", *listed))

"""A page as one HTML text: it holds its style and pictures, and names no outside address."""

from __future__ import annotations

from importlib.resources import files

from skerry_edge.bench.page.markup import Markup, element, together

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""Makes a browser refuse whatever is not in the file itself."""


def document(title: str, *sections: Markup, styled_by: str = "skerry_edge.bench.page") -> str:
    """Return the page with its sections, one under the other, and the `page.css` of the package ``styled_by``."""
    style = files(styled_by).joinpath("page.css").read_text("utf-8")
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        # The style is a file of our own packages, and CSS would not survive escaping.
        element("style", Markup(style)),
    )
    body = element("body", element("main", *sections))
    return together((Markup("<!doctype html>\n"), element("html", head, body, lang="en"), Markup("\n")))

"""HTML from the templates of this package: whatever is put into one is escaped, and what is missing is an error."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


def render(template: str, **values: object) -> str:
    """Return the template filled with ``values``. Raises jinja2's errors for one that is wrong."""
    return _environment().get_template(template).render(**values)


def asset(name: str) -> str:
    """Return a file of this package's static ones as text."""
    return (files("skerry_server.ui") / "static" / name).read_text("utf-8")


def mark() -> Markup:
    """Return Skerry's mark as SVG in the colour of the text around it."""
    return Markup(asset("mark.svg"))  # noqa: S704  # a file of our own


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("skerry_server.ui"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["count"] = "{:,}".format
    return environment

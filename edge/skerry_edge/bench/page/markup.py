"""HTML and SVG from nested calls: every text is escaped, and only what was made here is taken as markup."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from html import escape

_VOID = frozenset({"br", "img", "meta"})


class Markup(str):
    """Markup that is complete and safe; a plain `str` is text, whatever it holds."""

    __slots__ = ()


def element(name: str, /, *children: Markup | str | int, **attributes: str | float | None) -> Markup:
    """Return an element.

    An attribute that is None is left out. Its name is written as Python can: ``class_`` is `class`, ``text_anchor`` is
    `text-anchor`, ``viewBox`` stays.
    """
    given = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items() if value is not None}
    opening = name + "".join(f' {key}="{escape(str(value))}"' for key, value in given.items())
    return Markup(f"<{opening}>" if name in _VOID else f"<{opening}>{together(children)}</{name}>")


def together(children: Iterable[Markup | str | int]) -> Markup:
    """Return several parts as one."""
    return Markup("".join(child if isinstance(child, Markup) else escape(str(child)) for child in children))


NOTHING = Markup("")


def data_address(data: bytes, media_type: str) -> str:
    """Return a file's content as an address that needs no other file."""
    return f"data:{media_type};base64,{b64encode(data).decode('ascii')}"

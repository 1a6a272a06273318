"""Files with holes: each hole is `@NAME@`, and every one must be filled, no more and no fewer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from importlib.resources import files

_HOLE = re.compile(r"@([A-Z_]+)@")
_MARK = re.compile(r"^# Written by `skerry agent install` \((?P<sum>[0-9a-f]{12})\)[^\n]*\n")


def render(name: str, values: Mapping[str, str]) -> str:
    """Return the package's template ``name`` with its holes filled; a line that comes out empty is left out.

    Raises KeyError where hole and value do not belong to each other, which is a fault of this package.
    """
    text = (files("skerry_edge.agent.install") / "data" / name).read_text("utf-8")
    holes = set(_HOLE.findall(text))
    if holes != set(values):
        raise KeyError(", ".join(sorted(holes ^ set(values))))
    lines = []
    for line in text.splitlines():
        filled = _HOLE.sub(lambda match: values[match[1]], line)
        if filled or not line:
            lines.append(filled)
    return "\n".join(lines) + "\n"


def marked(body: str) -> str:
    """Return ``body`` below a line that tells later whether somebody has edited it."""
    return f"# Written by `skerry agent install` ({_sum(body)}): edit it freely, it is kept from then on.\n{body}"


def is_edited(text: str) -> bool:
    """Tell whether a file is no longer what `marked` returned."""
    match = _MARK.match(text)
    return match is None or match["sum"] != _sum(text[match.end() :])


def _sum(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:12]

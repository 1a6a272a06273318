"""Files with holes: each hole is `@NAME@`, and every one must be filled, no more and no fewer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

_HOLE = re.compile(r"@([A-Z_]+)@")
_MARK = re.compile(
    r"^# Written by `skerry agent install` \((?P<sum>[0-9a-f]{12})(?P<given>, as it was given)?\)[^\n]*\n"
)


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A file of ours as it is now: the text below its mark, whether somebody brought that along or has edited it."""

    body: str
    is_given: bool
    is_edited: bool


def marked(body: str, *, is_given: bool = False) -> str:
    """Return ``body`` below a line that tells later whether somebody brought it along, and whether it was edited."""
    origin = ", as it was given" if is_given else ""
    return (
        f"# Written by `skerry agent install` ({_sum(body)}{origin}): edit it freely, it is kept from then on.\n{body}"
    )


def read_marked(text: str) -> Written:
    """Return what a file's text tells of itself; one without a mark counts as edited."""
    match = _MARK.match(text)
    if match is None:
        return Written(body=text, is_given=False, is_edited=True)
    body = text[match.end() :]
    return Written(body=body, is_given=match["given"] is not None, is_edited=match["sum"] != _sum(body))


def is_edited(text: str) -> bool:
    """Tell whether a file is no longer what `marked` returned."""
    return read_marked(text).is_edited


def _sum(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:12]

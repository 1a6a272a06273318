"""What was probably meant by a name that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

LIKENESS = 0.5
"""Share of letters in common (difflib's ratio) from which a name is worth asking about."""


def suggestion(name: str, known: Iterable[str], *, otherwise: str, likeness: float = LIKENESS) -> str:
    """Return the question after the one of ``known`` that is most like ``name``; ``otherwise`` where none is."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=likeness)
    return f"did you mean '{near[0]}'?" if near else otherwise

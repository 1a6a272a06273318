"""Layers of an emitted file paired with those of its float reference by name; what is not certain is left out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """One layer in both files: its name and operator in the emitted one, and the names of its value in each."""

    name: str
    kind: str
    emitted: str
    reference: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairing:
    """The pairs in the emitted file's order, of ``multiplying`` layers that it has."""

    pairs: tuple[Pair, ...]
    multiplying: int


def once(names: Iterable[str]) -> frozenset[str]:
    """Return the names that occur once and are not empty: all others tell nothing."""
    return frozenset(name for name, count in Counter(names).items() if name and count == 1)


def numbered_alike(emitted: Sequence[str], reference: Sequence[str]) -> dict[str, str]:
    """Return the reference's name for each of the emitted file's, where a writer numbers a name that it used before.

    Names that differ in their last digits alone may be of one layer, renumbered, or of several. So a group of such
    names counts where each file has one of them, or where both have the very same ones.
    """
    ours, theirs = _groups(emitted), _groups(reference)
    found: dict[str, str] = {}
    for stem, names in ours.items():
        others = theirs.get(stem, [])
        if sorted(names) == sorted(others) and len(once(names)) == len(names):
            found.update(zip(names, names, strict=True))
        elif len(names) == len(others) == 1:
            found[names[0]] = others[0]
    return found


def _groups(names: Sequence[str]) -> dict[str, list[str]]:
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[name.rstrip("0123456789")].append(name)
    return groups

"""Which variants of a bundle are to be run, and why others cannot be."""

from __future__ import annotations

from dataclasses import dataclass

from skerry_edge.backends.choice import EXACT, choose_variant, faithful_first, require_variant
from skerry_edge.backends.registry import missing_reason
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.foundation.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedVariant:
    """A variant with the backend that runs it, or the reason why nothing here can."""

    name: str
    backend: str | None
    reason: str | None


def plan_variants(bundle: Bundle, names: tuple[str, ...]) -> tuple[PlannedVariant, ...]:
    """Return the variants ``names`` in their order; without names all of the bundle, most faithful first.

    Raises ConfigError for a name that is none of the bundle's, or one that is given twice.
    """
    if len(set(names)) < len(names):
        raise ConfigError("a variant is named twice", where="--variant", found=",".join(names))
    for name in names:
        require_variant(bundle, name)
    return tuple(_planned(bundle, name) for name in names or faithful_first(bundle.manifest.variants))


def baseline_of(bundle: Bundle, names: tuple[str, ...]) -> str | None:
    """Return which of the variants ``names`` the others are held against: the first fp32 one, else the first."""
    floats = [name for name in names if bundle.manifest.variants[name].precision == EXACT]
    return next(iter((*floats, *names)), None)


def _planned(bundle: Bundle, name: str) -> PlannedVariant:
    try:
        _, backend = choose_variant(bundle, variant=name, backend=None)
    except ConfigError as error:
        return PlannedVariant(name=name, backend=None, reason=error.found or error.what)
    reason = missing_reason(backend)
    return PlannedVariant(name=name, backend=None if reason else backend, reason=reason)

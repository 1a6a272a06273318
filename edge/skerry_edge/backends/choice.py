"""Which variant of a bundle runs here, and on which backend; decided without a runtime, so that the parent can ask."""

from __future__ import annotations

from collections.abc import Mapping

from skerry_edge.backends.errors import UnsuitedBackendError
from skerry_edge.backends.registry import BACKENDS, entry_of, missing_reason
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.manifest import Variant
from skerry_edge.foundation.errors import ConfigError, MissingError
from skerry_edge.foundation.nearest import suggestion

EXACT = "fp32"
PRECISIONS = (EXACT, "fp16", "dynamic", "int8x16", "int8")
"""Most faithful first: a device that wants the fast one names it, everybody else gets the exact one."""


def choose_variant(bundle: Bundle, *, variant: str | None, backend: str | None) -> tuple[str, str]:
    """Return the names of a variant and of the backend that runs it; what is None is chosen.

    A free choice falls on the most faithful variant that a backend installed here can load, the name deciding between
    equals. Raises ConfigError for a name that does not exist or names that do not fit together, MissingError listing
    why each variant cannot run here.
    """
    if backend is not None:
        entry_of(backend)
    variants = bundle.manifest.variants
    if variant is not None:
        return variant, _backend_of(variant, require_variant(bundle, variant), backend)
    reasons = []
    for name in faithful_first(variants):
        candidate = _loader(variants[name], backend)
        reason = missing_reason(candidate) if candidate else _no_loader(variants[name], backend)
        if candidate and reason is None:
            return name, candidate
        reasons.append(f"{name}: {reason}")
    found = "; ".join(reasons)
    if backend is not None and not any(_loader(one, backend) for one in variants.values()):
        raise UnsuitedBackendError(
            f"backend '{backend}' loads no variant of the bundle", where=str(bundle.path), found=found
        )
    raise MissingError("no variant of the bundle can run here", where=str(bundle.path), found=found)


def require_variant(bundle: Bundle, name: str) -> Variant:
    """Return a variant. Raises ConfigError naming the nearest one where the bundle has none of that name."""
    variants = bundle.manifest.variants
    if name not in variants:
        raise _unknown("variant", name, sorted(variants), str(bundle.path))
    return variants[name]


def faithful_first(variants: Mapping[str, Variant]) -> list[str]:
    """Return the names of variants, most faithful first, the name deciding between equals."""
    return sorted(variants, key=lambda name: (_rank(variants[name]), name))


def _rank(variant: Variant) -> int:
    return PRECISIONS.index(variant.precision) if variant.precision in PRECISIONS else len(PRECISIONS)


def _loader(variant: Variant, backend: str | None) -> str | None:
    """Return the backend that loads a variant's format, if there is one and ``backend`` allows it."""
    freely = [name for name, entry in BACKENDS.items() if entry.chosen_freely]
    names = [backend] if backend is not None else freely
    return next((name for name in names if variant.format in entry_of(name).formats), None)


def _no_loader(variant: Variant, backend: str | None) -> str:
    return f"{f'backend {backend} does not load' if backend else 'no backend loads'} {variant.format} files"


def _backend_of(name: str, variant: Variant, backend: str | None) -> str:
    loader = _loader(variant, backend)
    if loader is None:
        raise UnsuitedBackendError(f"variant '{name}' cannot be run", found=_no_loader(variant, backend))
    return loader


def _unknown(kind: str, name: str, known: list[str], where: str) -> ConfigError:
    todo = suggestion(name, known, otherwise=f"choose one of: {', '.join(known)}")
    return ConfigError(f"there is no such {kind}", where=where, found=f"'{name}'", todo=todo)

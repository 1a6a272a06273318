"""The release held against the version before: the figures of the page of models, over the time of a rollout."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from skerry_server.registry.database import Database
from skerry_server.rollouts.progress import Comparison, Figures
from skerry_server.stores.archive import Archive

if TYPE_CHECKING:
    from skerry_server.api.model_comparison import ModelOut

BEFORE_MS = 3_600_000
"""So far before its start a rollout looks back: at its end nobody runs the version before any more."""
MIN_WINDOW_S, MAX_WINDOW_S = 60, 30 * 86_400
NS_PER_MS = 1_000_000
UNKNOWN = Figures(inference_p95_ms=None, confidence=None, events=0)


def read_comparison(
    store: Archive, database: Database, *, name: str, versions: tuple[str, str | None], started_ms: int, now_ms: int
) -> Comparison:
    """Return the figures of the model ``name`` in ``versions`` (the release, the one before), over the whole fleet.

    Raises StoreError and RegistryError.
    """
    # A worker, which takes in what devices answer, must not carry the web's weight.
    from skerry_server.api.model_comparison import compare_models  # noqa: PLC0415

    window_s = min(max((now_ms - (started_ms - BEFORE_MS)) // 1000, MIN_WINDOW_S), MAX_WINDOW_S)
    found = compare_models(database, store, window_s=window_s, sites=None, now_ns=now_ms * NS_PER_MS)
    return pick(found.models, name=name, versions=versions)


def pick(found: Iterable[ModelOut], *, name: str, versions: tuple[str, str | None]) -> Comparison:
    """Return the figures of both versions; of one that nobody reported nothing is known. Pure."""
    by_version = {
        one.version: Figures(inference_p95_ms=one.inference_p95_ms, confidence=one.confidence, events=one.events)
        for one in found
        if one.model == name
    }
    new, old = versions
    return Comparison(new=by_version.get(new, UNKNOWN), old=by_version.get(old or "", UNKNOWN))

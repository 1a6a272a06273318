"""Which rows a benchmark has: models by variants by backends by threads, and why some cannot be run here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from skerry_edge.audio.model import BACKEND, STREAMING, WakeWordModel
from skerry_edge.backends.choice import choose_variant, faithful_first
from skerry_edge.backends.registry import entry_of, missing_reason
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.nearest import suggestion


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """What was asked for; empty means all variants, each variant's own backend, the runtime's own threads."""

    variants: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()
    threads: tuple[int, ...] = (0,)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedRow:
    """A row to measure; ``backend`` is None where nothing here runs it, and ``reason`` says why.

    ``path`` is the bundle, or the file of the wake-word model ``word``.
    """

    path: Path
    model: str
    version: str | None
    variant: str
    format: str
    precision: str
    size_bytes: int
    backend: str | None
    threads: int
    reason: str | None = None
    word: WakeWordModel | None = None


def plan_rows(
    bundles: tuple[Bundle, ...], choice: Choice, words: tuple[WakeWordModel, ...] = ()
) -> tuple[PlannedRow, ...]:
    """Return the rows in the order in which they are measured, the most faithful variant of each bundle first.

    Raises ConfigError for something that is named twice, two models of one name, a backend that there is
    not or that loads nothing of this, and a variant that no bundle has.
    """
    _refuse_twice("--variants", choice.variants)
    _refuse_twice("--backends", choice.backends)
    _refuse_twice("--threads", tuple(map(str, choice.threads)))
    _refuse_twice("MODEL", (*(one.manifest.name for one in bundles), *(one.path.stem for one in words)))
    for name in choice.backends:
        entry_of(name)
    rows = (
        *(row for bundle in bundles for row in _rows(bundle, choice)),
        *(row for word in words for row in _word_rows(word, choice)),
    )
    for name in choice.variants:
        if all(row.variant != name for row in rows):
            known = sorted(
                {each for bundle in bundles for each in bundle.manifest.variants} | {row.variant for row in rows}
            )
            todo = suggestion(name, known, otherwise=f"choose one of: {', '.join(known)}")
            raise ConfigError("no model has such a variant", where="--variants", found=f"'{name}'", todo=todo)
    for name in choice.backends:
        if all(row.format not in entry_of(name).formats for row in rows):
            raise ConfigError(f"backend '{name}' loads none of the variants", where="--backends")
    return rows


def _rows(bundle: Bundle, choice: Choice) -> Iterator[PlannedRow]:
    manifest = bundle.manifest
    names = [one for one in choice.variants if one in manifest.variants]
    for name in names if choice.variants else faithful_first(manifest.variants):
        variant = manifest.variants[name]
        named = [one for one in choice.backends if variant.format in entry_of(one).formats]
        backends = [_installed(one) for one in named] or [_backend(bundle, name, choice.backends)]
        for (backend, reason), threads in product(backends, choice.threads):
            yield PlannedRow(
                path=bundle.path,
                model=manifest.name,
                version=manifest.version,
                variant=name,
                format=variant.format,
                precision=variant.precision,
                size_bytes=variant.size + sum(one.size for one in variant.extra_files),
                backend=backend,
                threads=threads,
                reason=reason,
            )


def _word_rows(word: WakeWordModel, choice: Choice) -> Iterator[PlannedRow]:
    """Yield the rows of a streaming model, which has one file for one runtime."""
    if choice.variants and STREAMING not in choice.variants:
        return
    backend, reason = _allowed(BACKEND, choice.backends)
    for threads in choice.threads:
        yield PlannedRow(
            path=word.path,
            model=word.path.stem,
            version=None,
            variant=STREAMING,
            format="tflite",
            precision="int8",
            size_bytes=word.path.stat().st_size,
            backend=backend,
            threads=threads,
            reason=reason,
            word=word,
        )


def _backend(bundle: Bundle, variant: str, allowed: tuple[str, ...]) -> tuple[str | None, str | None]:
    """Return the backend that runs a variant, or why none does."""
    try:
        _, backend = choose_variant(bundle, variant=variant, backend=None)
    except ConfigError as error:
        return None, error.found or error.what
    return _allowed(backend, allowed)


def _allowed(backend: str, allowed: tuple[str, ...]) -> tuple[str | None, str | None]:
    if allowed and backend not in allowed:
        return None, f"it runs on {backend}, which is not among --backends"
    return _installed(backend)


def _installed(backend: str) -> tuple[str | None, str | None]:
    reason = missing_reason(backend)
    return (None, reason) if reason else (backend, None)


def _refuse_twice(where: str, names: tuple[str, ...]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError("this is named twice", where=where, found=", ".join(twice))

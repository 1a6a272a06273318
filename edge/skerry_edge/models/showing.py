"""An inspected bundle as tables for people and as plain values for JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import msgspec
from rich.table import Table
from rich.text import Text

from skerry_edge.contracts.manifest import (
    AudioInput,
    ImageInput,
    Manifest,
    Source,
    Tensor,
    TensorInput,
    Variant,
)
from skerry_edge.models.inspection import Inspection, VariantCheck

_SHOWN_LABELS = 8


def as_plain(inspection: Inspection) -> dict[str, Any]:
    """Return the manifest and all checks; an SQNR is None where nothing differs, and the variant then `identical`."""
    return {
        "bundle": str(inspection.path),
        "manifest": msgspec.to_builtins(inspection.manifest),
        "files": [msgspec.to_builtins(one) for one in inspection.files],
        "strays": list(inspection.strays),
        "variants": [_plain_check(one) for one in inspection.variants],
    }


def tables(inspection: Inspection) -> Iterator[Table]:
    """Yield the tables: the model, its variants, its files, and the runs where there were any."""
    yield _model(inspection)
    yield _variants(inspection.manifest)
    yield _files(inspection)
    if inspection.variants:
        yield _runs(inspection)


def input_text(described: ImageInput | AudioInput | TensorInput) -> str:
    """Return what a network takes, in words."""
    if isinstance(described, ImageInput):
        return f"image {described.width}x{described.height} {described.colour}, {described.resize}"
    return _struct(described)


def _plain_check(check: VariantCheck) -> dict[str, Any]:
    golden = check.golden
    return {
        "variant": check.variant,
        "passed": check.passed,
        "backend": golden.backend if golden else None,
        "identical": golden is not None and golden.sqnr_db == math.inf,
        "sqnr_db": golden.sqnr_db if golden and math.isfinite(golden.sqnr_db) else None,
        "needed_db": golden.needed_db if golden else None,
        "skipped": check.skipped,
        "error": check.error,
    }


def _table(title: str, *headings: str, numbers: tuple[str, ...] = ()) -> Table:
    table = Table(title=Text(title), title_justify="left", show_header=bool(headings))
    for heading in headings:
        table.add_column(heading, justify="right" if heading in numbers else "left", overflow="fold")
    return table


def _row(table: Table, *cells: str, style: str | None = None) -> None:
    # Names come out of a file: text, never markup.
    table.add_row(*(Text(cell) for cell in cells), style=style)


def _model(inspection: Inspection) -> Table:
    manifest = inspection.manifest
    table = _table(f"{manifest.name} {manifest.version}")
    shown = ", ".join(manifest.labels[:_SHOWN_LABELS])
    more = f", and {len(manifest.labels) - _SHOWN_LABELS} more" if len(manifest.labels) > _SHOWN_LABELS else ""
    facts = [
        ("task", manifest.task),
        ("labels", shown + more),
        ("licence", manifest.license),
        ("input", input_text(manifest.input)),
        ("output", _struct(manifest.output)),
        ("made from", f"{manifest.source.kind}: {_source_files(manifest.source)}"),
        ("with", ", ".join(_source_options(manifest.source))),
        ("made by", ", ".join(f"{tool} {number}" for tool, number in sorted(_tools(manifest)))),
        ("calibrated with", f"manifest {manifest.calibration.sha256[:12]}" if manifest.calibration else ""),
        *((f"{name} by", _recipe(one)) for name, one in sorted(manifest.variants.items())),
    ]
    for fact in facts:
        if fact[1]:
            _row(table, *fact)
    return table


def _struct(value: msgspec.Struct) -> str:
    """Return a part of the manifest by its kind and its plain values."""
    plain = {key: one for key, one in msgspec.to_builtins(value).items() if isinstance(one, str | int | float)}
    kind = plain.pop("kind", "")
    return " ".join([f"{kind}", *(f"{key}={one}" for key, one in plain.items())])


def _tools(manifest: Manifest) -> set[tuple[str, str]]:
    own = {tool for variant in manifest.variants.values() for tool in variant.tools.items()}
    return own | set(manifest.tools.items())


def _source_files(source: Source) -> str:
    told = ((source.roles.get(name, ""), name, digest[:12]) for name, digest in source.files.items())
    return ", ".join(f"{role} {name} ({digest})".lstrip() for role, name, digest in told)


def _source_options(source: Source) -> Iterator[str]:
    yield from (f"{key} {value}" for key, value in source.options.items())
    for name, shape in source.input_shapes.items():
        yield " ".join(("input shape", *([name] if name else []), "x".join(map(str, shape))))


def _recipe(variant: Variant) -> str:
    """Return how a variant was quantized where a way was searched for; what was not done is left out."""
    told = {key: ", ".join(value) if isinstance(value, tuple) else value for key, value in variant.recipe.items()}
    named = {key.replace("_", " "): value for key, value in told.items() if value}
    return "; ".join(key if value is True else f"{key}: {value}" for key, value in named.items())


def _variants(manifest: Manifest) -> Table:
    table = _table("Variants", "variant", "bytes", "input", "outputs", "kept float", numbers=("bytes", "kept float"))
    for name, variant in sorted(manifest.variants.items()):
        _row(table, name, *_variant_cells(variant))
    return table


def _variant_cells(variant: Variant) -> tuple[str, ...]:
    size = variant.size + sum(one.size for one in variant.extra_files)
    return (
        f"{size}",
        _tensors(variant.inputs),
        _tensors(variant.outputs),
        f"{len(variant.kept_float)}",
    )


def _tensors(tensors: tuple[Tensor, ...]) -> str:
    return "\n".join(f"{one.dtype} {'x'.join(map(str, one.shape))}" for one in tensors)


def _files(inspection: Inspection) -> Table:
    table = _table("Files", "file", "bytes", "sha256", "state", numbers=("bytes",))
    for one in inspection.files:
        _row(
            table,
            one.file,
            f"{one.size}",
            one.sha256[:12],
            one.problem or "intact",
            style="bold red" if one.problem else None,
        )
    return table


def _runs(inspection: Inspection) -> Table:
    table = _table("Golden input", "variant", "backend", "SQNR", "needed", "outcome", numbers=("SQNR", "needed"))
    for one in inspection.variants:
        golden = one.golden
        if golden is None:
            _row(table, one.variant, "", "", "", one.error or f"not run: {one.skipped}", style=_style(one))
            continue
        ratio = "identical" if golden.sqnr_db == math.inf else f"{golden.sqnr_db:.1f} dB"
        outcome = "passed" if golden.passed else "failed"
        _row(table, one.variant, golden.backend, ratio, f"{golden.needed_db:g} dB", outcome, style=_style(one))
    return table


def _style(check: VariantCheck) -> str | None:
    return None if check.passed else "bold red"

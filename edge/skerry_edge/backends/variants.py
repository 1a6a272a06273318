"""Which variant of a bundle runs here, and its file opened and held against the manifest."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from skerry_edge.backends.base import Backend, BackendOptions, ModelFileError, TensorInfo, UnsuitedBackendError
from skerry_edge.backends.registry import BACKENDS, entry_of, missing_reason, open_backend
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.manifest import Artifact, Tensor, Variant
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


def open_variant(bundle: Bundle, variant: str, backend: str, options: BackendOptions) -> Backend:
    """Load a variant whose file has been checked against its hash, and check its tensors against the manifest.

    Raises BundleError, ConfigError, MissingError, and ModelFileError where the file is not what the manifest says.
    """
    described = bundle.variant(variant)
    with extracted(bundle, described) as path:
        loaded = open_backend(backend, path, options)
    where = f"{bundle.path}!{described.file}"
    try:
        check_tensors(described.inputs, loaded.inputs, where=f"{where}, inputs")
        check_tensors(described.outputs, loaded.outputs, where=f"{where}, outputs")
    except ModelFileError:
        loaded.close()
        raise
    return loaded


def check_tensors(described: tuple[Tensor, ...], loaded: tuple[TensorInfo, ...], *, where: str) -> None:
    """Refuse tensors whose number, name, shape, dtype or quantization is not the manifest's. Raises ModelFileError."""
    if len(described) != len(loaded):
        raise ModelFileError(
            "the model file has another number of tensors than the manifest says",
            where=where,
            found=f"{len(loaded)}, expected {len(described)}",
        )
    for want, got in zip(described, loaded, strict=True):
        if not _fits(want, got):
            raise ModelFileError(
                "a tensor of the model file is not what the manifest says",
                where=where,
                found=f"{_told(got)}, expected {_told(_as_info(want))}",
            )


def _fits(want: Tensor, got: TensorInfo) -> bool:
    expected = _as_info(want)
    if (expected.name, len(expected.shape), expected.dtype) != (got.name, len(got.shape), got.dtype):
        return False
    if any(size not in (0, expected.shape[axis]) for axis, size in enumerate(got.shape)):
        return False
    # ONNX does not record how an integer input or output is quantized; the manifest's word stands then.
    same_scale = math.isclose(expected.scale, got.scale, rel_tol=1e-5) and expected.zero_point == got.zero_point
    return same_scale or got.scale == 0.0


def _as_info(tensor: Tensor) -> TensorInfo:
    scale, zero_point = (tensor.quantization.scale, tensor.quantization.zero_point) if tensor.quantization else (0.0, 0)
    return TensorInfo(
        name=tensor.name, shape=tensor.shape, dtype=np.dtype(tensor.dtype), scale=scale, zero_point=zero_point
    )


def _told(info: TensorInfo) -> str:
    quantized = f" scale {info.scale:.6g} zero point {info.zero_point}" if info.scale else ""
    return f"'{info.name}' {info.dtype} {info.shape}{quantized}"


@contextmanager
def extracted(bundle: Bundle, variant: Variant) -> Iterator[Path]:
    """Give the path of a variant's file: a copy of the very bytes that were checked, and of its companions.

    The copies are gone when the body ends. Raises BundleError.
    """
    parts: tuple[Artifact | Variant, ...] = (variant, *variant.extra_files)
    contents = {one.file: bundle.read(one) for one in parts}
    with tempfile.TemporaryDirectory(prefix="skerry-") as folder:
        for name, data in contents.items():
            target = Path(folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        yield Path(folder, variant.file)


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

"""A bundle looked over: every file against its hash, and every variant that runs here against its golden outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.backends.base import BackendError
from skerry_edge.backends.choice import choose_variant
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import Manifest, artifacts
from skerry_edge.foundation.errors import ConfigError, DataError, MissingError, VerdictError
from skerry_edge.models.golden import GoldenCheck, check_golden


@dataclass(frozen=True, kw_only=True, slots=True)
class FileCheck:
    """One file that the manifest lists; ``problem`` None where it is intact."""

    file: str
    size: int
    sha256: str
    problem: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class VariantCheck:
    """One variant's run: its comparison, why it was not run here, or why it failed to run."""

    variant: str
    golden: GoldenCheck | None = None
    skipped: str | None = None
    error: str | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against the variant."""
        return self.error is None and (self.golden is None or self.golden.passed)


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspection:
    """A bundle with all that was checked; ``variants`` is empty where none was run.

    ``strays`` are files in it that the manifest does not name: nothing vouches for them.
    """

    path: Path
    manifest: Manifest
    files: tuple[FileCheck, ...]
    variants: tuple[VariantCheck, ...] = ()
    strays: tuple[str, ...] = ()

    def require_success(self) -> None:
        """Raise BundleError for a damaged or stray file, else VerdictError for a variant that gives something else."""
        damaged = [one for one in self.files if one.problem]
        if damaged:
            raise BundleError(
                f"{len(damaged)} of {len(self.files)} files of the bundle are not what its manifest says",
                where=str(self.path),
                found=", ".join(one.file for one in damaged),
            )
        if self.strays:
            raise BundleError(
                "the bundle holds files that its manifest does not name",
                where=str(self.path),
                found=", ".join(repr(one) for one in self.strays[:5]),
                todo="take it from where it was made",
            )
        wrong = [one.variant for one in self.variants if not one.passed]
        if wrong:
            raise VerdictError(
                f"{len(wrong)} of {len(self.variants)} variants do not compute here what they computed when made",
                where=str(self.path),
                found=", ".join(wrong),
            )


def inspect_bundle(path: Path) -> Inspection:
    """Open a bundle and check every file that its manifest lists. Raises BundleError for what is no bundle."""
    bundle = Bundle.open(path)
    checks: dict[str, FileCheck] = {}
    for one in artifacts(bundle.manifest):
        try:
            bundle.read(one)
            problem = None
        except BundleError as error:
            problem = f"{error.what}: {error.found}" if error.found else error.what
        checks[one.file] = FileCheck(file=one.file, size=one.size, sha256=one.sha256, problem=problem)
    return Inspection(path=path, manifest=bundle.manifest, files=tuple(checks.values()), strays=bundle.strays())


def verify_variants(path: Path, progress: Callable[[str], None] = lambda _name: None) -> tuple[VariantCheck, ...]:
    """Run every variant that this machine can run on the golden input; ``progress`` is told each name.

    Raises BundleError for what is no bundle.
    """
    bundle = Bundle.open(path)
    checks = []
    for name in sorted(bundle.manifest.variants):
        progress(name)
        checks.append(_verified(bundle, name))
    return tuple(checks)


def _verified(bundle: Bundle, name: str) -> VariantCheck:
    golden = bundle.manifest.golden
    if golden is None or name not in golden.outputs:
        return VariantCheck(variant=name, skipped="the bundle has no golden outputs of it")
    try:
        _, backend = choose_variant(bundle, variant=name, backend=None)
        return VariantCheck(variant=name, golden=check_golden(bundle, name, backend))
    except (ConfigError, MissingError) as error:
        return VariantCheck(variant=name, skipped=error.found or error.what)
    except (BackendError, DataError) as error:
        return VariantCheck(variant=name, error=str(error))

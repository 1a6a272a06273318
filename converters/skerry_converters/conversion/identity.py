"""What a model's owner says about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.contracts.manifest import NAME_PATTERN, SEMVER_PATTERN
from skerry_edge.foundation.errors import ConfigError

UNKNOWN_LICENSE = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """A model's name and SemVer version; ``license`` is a licence's name, or "unknown"."""

    name: str
    version: str
    license: str


def identify(source: Path, *, name: str | None, version: str, license_name: str) -> Identity:
    """Check what was given; a ``name`` of None is made from the source's file name. Raises ConfigError."""
    if not license_name.strip() or not license_name.isprintable():
        raise ConfigError(
            "a licence's name is one line of text",
            where="--license",
            found=repr(license_name),
            todo="such as Apache-2.0",
        )
    if name is not None and not re.fullmatch(NAME_PATTERN, name):
        raise ConfigError(
            "this cannot be a model's name", where="--name", found=f"'{name}'", todo=f"it must match {NAME_PATTERN}"
        )
    if not re.fullmatch(SEMVER_PATTERN, version):
        raise ConfigError(
            "a model's version is a SemVer version", where="--model-version", found=f"'{version}'", todo="such as 1.0.0"
        )
    return Identity(name=name or _derived(source), version=version, license=license_name)


def _derived(source: Path) -> str:
    plain = re.sub(r"[^a-z0-9._-]+", "-", source.stem.lower()).lstrip("._-")[:63]
    return plain or "model"

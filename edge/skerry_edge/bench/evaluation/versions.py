"""What the figures were computed with."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from skerry_edge import __version__


def versions(packages: tuple[str, ...]) -> dict[str, str]:
    """Return the versions of Skerry, Python and those of ``packages`` that are installed, and the architecture."""
    own = {"skerry": __version__, "python": platform.python_version(), "machine": platform.machine()}
    return own | {name: number for name in packages if (number := _installed(name))}


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None

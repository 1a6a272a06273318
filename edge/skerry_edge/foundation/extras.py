"""How to install what an extra of the distribution brings, worded once for every error that names one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

_OF_EXTRA = re.compile(r"(?P<package>[A-Za-z0-9._-]+).*\bextra == ['\"](?P<extra>[a-z]+)['\"]")
"""A requirement as a wheel's metadata states it (PEP 508), where an extra brings it."""


def extra_that_brings(module: str, requirements: Iterable[str]) -> str | None:
    """Return the smallest extra that brings the package which ``module`` is named after, None where none does.

    ``requirements`` are the distribution's, as `importlib.metadata.requires` gives them.
    """
    packages: dict[str, set[str]] = defaultdict(set)
    for match in filter(None, map(_OF_EXTRA.match, requirements)):
        packages[match["extra"]].add(re.sub(r"[-.]+", "_", match["package"].lower()))
    bringing = [extra for extra, held in packages.items() if module.lower() in held]
    return min(bringing, key=lambda extra: (len(packages[extra]), extra), default=None)


def install_hint(extras: str) -> str:
    """Return the command that adds ``extras`` (commas between), wherever Skerry itself was installed from."""
    return f"pip install 'skerry[{extras}]' (in a checkout: pip install '.[{extras}]')"

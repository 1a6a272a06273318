"""The models that Skerry ships, by name, as they are published without a file of one's own."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.nearest import suggestion

_SUFFIX = ".skerry"


def shipped_models() -> dict[str, Path]:
    """Return the bundles that are in the package, by name."""
    folder = Path(str(files("skerry_edge.models") / "data"))
    return {path.name.removesuffix(_SUFFIX): path for path in sorted(folder.glob(f"*{_SUFFIX}"))}


def what_is_meant(text: str) -> Path:
    """Return what ``text`` names: a shipped model, as for every other command, else a path.

    Raises ConfigError where it is neither.
    """
    shipped = shipped_models()
    if text in shipped:
        return shipped[text]
    if text and os.path.exists(text):  # noqa: PTH110  # Path.exists() raises for a name too long
        return Path(text)
    otherwise = f"give the path of a bundle or wheelhouse, or a model that Skerry ships: {', '.join(shipped)}"
    todo = suggestion(text.removesuffix(_SUFFIX), shipped, otherwise=otherwise)
    raise ConfigError("there is nothing of this name to publish", found=f"'{text[:200]}'", todo=todo)

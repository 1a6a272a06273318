"""The catalogue: shipped models by name, so that `MODEL` is everywhere a bundle's path or a name."""

from __future__ import annotations

import os
from pathlib import Path

from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.nearest import suggestion

DATA = Path(__file__).with_name("data")
"""Package data; a shipped model NAME is the file `NAME.skerry` in it."""
SUFFIX = ".skerry"


def shipped_models() -> dict[str, Path]:
    """Return the bundles that the package ships, by name."""
    return {path.name.removesuffix(SUFFIX): path for path in sorted(DATA.glob(f"*{SUFFIX}"))}


def resolve_model(text: str) -> Path:
    """Return the bundle that ``text`` means: the name of a shipped model, or the path of a bundle.

    A shipped name wins over a file of the same name in the working directory (`./NAME` means the file), so a
    command means the same wherever it is run. Raises ConfigError, naming the nearest model, where ``text`` is neither.
    """
    shipped = shipped_models()
    if text in shipped:
        return shipped[text]
    if text and os.path.exists(text):  # noqa: PTH110  # Path.exists() raises for a name too long
        return Path(text)
    known = ", ".join(shipped) or "no models are shipped"
    todo = suggestion(text.removesuffix(SUFFIX), shipped, otherwise=f"give the path of a bundle, or one of: {known}")
    raise ConfigError("there is no such model", found=f"'{text}'", todo=todo)

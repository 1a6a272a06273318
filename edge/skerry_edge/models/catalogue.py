"""Models by name: what a name or a path given as `MODEL` means, and what can be done where it is no bundle."""

from __future__ import annotations

import os
from pathlib import Path

from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.nearest import suggestion
from skerry_edge.models.entries import known_models

DATA = Path(__file__).with_name("data")
"""Package data; a shipped model NAME is the file `NAME.skerry` in it."""
SUFFIX = ".skerry"


def shipped_models() -> dict[str, Path]:
    """Return the bundles that the package ships, by name."""
    return {path.name.removesuffix(SUFFIX): path for path in sorted(DATA.glob(f"*{SUFFIX}"))}


def resolve_model(text: str) -> Path:
    """Return the bundle that ``text`` means: the name of a shipped model, or the path of a bundle.

    A shipped name wins over a file of the same name in the working directory (`./NAME` means the file), so a
    command means the same wherever it is run. Raises ConfigError where ``text`` is neither: it says how a name of the
    catalogue that is no bundle is used, and else names the nearest model.
    """
    shipped = shipped_models()
    if text in shipped:
        return shipped[text]
    if text and os.path.exists(text):  # noqa: PTH110  # Path.exists() raises for a name too long
        return Path(text)
    known = known_models()
    if text in known.darknet:
        raise _no_bundle_yet(text)
    if text in known.wakeword.names:
        raise ConfigError(
            f"'{text}' is a wake word, and this takes a bundle",
            todo=f"listen for it with 'skerry listen {text} mic', or give a bundle",
        )
    names = [*shipped, *known.darknet]
    otherwise = f"give the path of a bundle, or one of: {', '.join(names)} ('skerry models list' says more)"
    todo = suggestion(text.removesuffix(SUFFIX), names, otherwise=otherwise)
    raise ConfigError("there is no such model", found=f"'{text}'", todo=todo)


def _no_bundle_yet(name: str) -> ConfigError:
    made = f"{name}{SUFFIX}"
    pull, convert = f"skerry models pull {name}", f"skerry convert {name} --to onnx-fp32 --out {made}"
    return ConfigError(
        f"'{name}' is a Darknet network, of which a bundle must be made first",
        todo=f"run '{pull}' and '{convert}', then give {made}",
    )

"""The packages of the `wakeword` extra, imported where they are used; a missing one names the extra."""

from __future__ import annotations

import importlib
from types import ModuleType

from skerry_edge.foundation.errors import MissingError
from skerry_edge.foundation.extras import install_hint


def load_extra(package: str) -> ModuleType:
    """Import a package of the `wakeword` extra. Raises MissingError where it, or a library under it, is not there."""
    try:
        return importlib.import_module(package)
    except (ImportError, OSError) as error:  # OSError is how soundfile says that libsndfile is missing
        raise MissingError(
            f"the package '{package}' cannot be used", found=str(error), todo=install_hint("wakeword")
        ) from error

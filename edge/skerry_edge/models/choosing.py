"""What a name given to `skerry models pull` or `remove` stands for."""

from __future__ import annotations

from skerry_edge.audio.model import find_model
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.nearest import suggestion
from skerry_edge.models.catalogue import shipped_models
from skerry_edge.models.entries import DarknetEntry, known_models


def network_named(name: str) -> DarknetEntry:
    """Return the Darknet network of this name. Raises ConfigError where there is none, and for what is not pulled."""
    known = known_models().darknet
    if name in known:
        return known[name]
    if name in shipped_models() or name in known_models().wakeword.names:
        raise ConfigError(
            "this model came with Skerry and was not pulled",
            found=f"'{name}'",
            todo=f"what can be pulled and removed is: {', '.join(known)}",
        )
    todo = suggestion(name, known, otherwise=f"give one of: {', '.join(known)}")
    raise ConfigError("there is no such model to pull", found=f"'{name}'", todo=todo)


def network_to_pull(name: str) -> DarknetEntry | None:
    """Return the Darknet network of this name, None for a model that is here without being pulled.

    Raises ConfigError for an unknown name, and MissingError for a wake word whose extra is not installed.
    """
    if name in known_models().wakeword.names:
        find_model(name)
        return None
    return None if name in shipped_models() else network_named(name)

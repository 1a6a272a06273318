"""What a path on the command line is to be published as."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from packaging.version import InvalidVersion, Version

from skerry_edge.contracts.release import VERSION_PATTERN
from skerry_edge.foundation.errors import ConfigError
from skerry_server.releases.boards import misfit
from skerry_server.releases.offers import Offer, Terms, model_offers
from skerry_server.releases.wheelhouse import agent_offer


def _check_version(version: str) -> None:
    try:
        Version(version)
        is_one = re.fullmatch(VERSION_PATTERN, version) is not None
    except InvalidVersion:
        is_one = False
    if not is_one:
        raise ConfigError("this is no version of an agent", found=f"'{version[:64]}'", todo="such as: 0.2.0")


def kind_of(path: Path) -> str:
    """Tell what is at ``path``: a model's bundle or a wheelhouse. Raises ConfigError where it is neither."""
    if path.is_dir() and not (path / "manifest.json").exists():
        if any(path.glob("*.whl")):
            return "agent"
        raise ConfigError(
            "this is neither a model's bundle nor a wheelhouse",
            where=str(path),
            found="a folder without manifest.json and without wheels",
        )
    return "model"


def offers_of(path: Path, terms: Terms, variants: Sequence[str] = ()) -> list[Offer]:
    """Return the offers of what is at ``path``.

    Raises ConfigError where it is neither bundle nor wheelhouse or the terms do not fit, DataError, and ReachError.
    """
    if terms.minimum_agent is not None:
        _check_version(terms.minimum_agent)
    if kind_of(path) == "model":
        return model_offers(path, terms, variants)
    if variants:
        raise ConfigError("wheels have no variants", where=str(path), found=", ".join(variants))
    offer = agent_offer(path, terms)
    if found := misfit(offer.release):
        todo = "a wheelhouse for each platform, published for its boards with the same counter"
        raise ConfigError("a board cannot run these wheels", where=str(path), found=found, todo=todo)
    return [offer]

"""A SOURCE that is a name: what the catalogue says about it, put in the place of options that were not given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from skerry_converters.conversion.identity import UNKNOWN_LICENSE
from skerry_converters.conversion.options import Given
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.nearest import suggestion
from skerry_edge.models.catalogue import shipped_models
from skerry_edge.models.entries import DarknetEntry, known_models
from skerry_edge.models.pulled import pulled_files


def from_catalogue(given: Given, source: Path) -> tuple[Given, Path]:
    """Return options and source as they are for a path, and those of the catalogue's network for its name.

    Raises ConfigError for the name of a bundle, for files given beside a name, and for what is nearly a name; and what
    `pulled_files` raises.
    """
    name = str(source)
    networks = known_models().darknet
    if name in networks:
        return _named(given, networks[name])
    if name in shipped_models():
        raise ConfigError("this is a bundle already", found=f"'{name}'", todo="convert the network that it is made of")
    if not source.suffix and not source.exists():
        near = suggestion(name, networks, otherwise="")
        if near:
            raise ConfigError("there is no such network", found=f"'{name}'", todo=near)
    return given, source


def _named(given: Given, entry: DarknetEntry) -> tuple[Given, Path]:
    for option, value in (("--weights", given.weights), ("--labels", given.labels)):
        if value is not None:
            raise ConfigError(
                f"{option} is for a network that is a file",
                where=option,
                found=f"{value}",
                todo=f"leave it out: the catalogue has what belongs to '{entry.name}'",
            )
    place = pulled_files(entry)
    license_name = entry.license if given.license_name == UNKNOWN_LICENSE else given.license_name
    filled = replace(
        given,
        weights=place.weights,
        labels=place.labels,
        resize=given.resize or entry.resize,
        license_name=license_name,
    )
    return filled, place.cfg

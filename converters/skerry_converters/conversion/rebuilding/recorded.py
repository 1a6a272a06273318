"""How a bundle was made, as it records it: targets, recipes, what was calibrated with, and the golden picture."""

from __future__ import annotations

import msgspec

from skerry_converters.accuracy.recipe import Goal, Recipe
from skerry_converters.calibration.manifest import CalibrationRecord, decode_record
from skerry_converters.conversion.golden import PICTURE, RECORDING, GoldenInput
from skerry_converters.families.base import Target
from skerry_converters.families.registry import TARGETS
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import Manifest
from skerry_edge.foundation.errors import ConfigError


def recorded_targets(manifest: Manifest, *, where: str) -> tuple[Target, ...]:
    """Return the targets that the variants are, in the registry's order. Raises ConfigError for one that is none."""
    unknown = [name for name in manifest.variants if name not in TARGETS]
    if unknown:
        raise ConfigError(
            "the bundle has variants that this version cannot make",
            where=where,
            found=", ".join(unknown),
            todo=f"known: {', '.join(TARGETS)}",
        )
    return tuple(target for name, target in TARGETS.items() if name in manifest.variants)


def recorded_recipes(manifest: Manifest, *, where: str) -> dict[str, Goal]:
    """Return the recipes that a search chose, by variant: it had a budget, and another one might choose otherwise.

    Raises ConfigError for one that this version cannot carry out.
    """
    recipes: dict[str, Goal] = {}
    for name, variant in manifest.variants.items():
        if not variant.recipe:
            continue
        try:
            recipes[name] = msgspec.convert(variant.recipe, Recipe)
            problem = ", ".join(sorted(variant.recipe.keys() - set(Recipe.__struct_fields__)))
        except msgspec.ValidationError as error:
            problem = str(error)
        if problem:
            raise ConfigError(
                "the bundle has a recipe that this version cannot carry out",
                where=f"{where}, variant '{name}'",
                found=problem,
                todo="use the version that it was made with",
            )
    return recipes


def recorded_calibration(bundle: Bundle) -> CalibrationRecord | None:
    """Return what the bundle was calibrated with, None where it was not.

    Raises CalibrationError where the description is damaged, BundleError where it is not there.
    """
    listed = bundle.manifest.calibration
    if listed is not None:
        return decode_record(bundle.read(listed), where=f"{bundle.path}!{listed.file}")
    if any(one.calibration_sha256 for one in bundle.manifest.variants.values()):
        raise BundleError("the bundle lacks the description of what it was calibrated with", where=str(bundle.path))
    return None


def recorded_golden(bundle: Bundle) -> GoldenInput | None:
    """Return the bundle's golden picture or recording, which may have been given; None where an array is made."""
    golden = bundle.manifest.golden
    if golden is None or golden.input.file not in (PICTURE, RECORDING):
        return None
    return GoldenInput(file=golden.input.file, data=bundle.read(golden.input))

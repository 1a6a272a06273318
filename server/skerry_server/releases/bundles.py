"""From a bundle with several variants, one that holds a single variant, as a device downloads it."""

from __future__ import annotations

import msgspec

from skerry_edge.contracts.bundle import Bundle, pack
from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import GATES, Golden, Manifest, artifacts


def single_variant(bundle: Bundle, name: str) -> bytes:
    """Return the packed bundle of the variant ``name`` alone; equal bundles give equal bytes. Raises BundleError.

    `gates.json` goes along whole: it tells how all variants compare.
    """
    manifest = manifest_of(bundle, name)
    files = {one.file: bundle.read(one) for one in artifacts(manifest)}
    if _has_gates(bundle):
        files[GATES] = bundle.read_unlisted(GATES)
    return pack(manifest, files)


def manifest_of(bundle: Bundle, name: str) -> Manifest:
    """Return the manifest that is left when all variants but ``name`` go. Raises BundleError where it is none."""
    whole = bundle.manifest
    variant = bundle.variant(name)
    golden = None
    if whole.golden is not None:
        outputs = {one: files for one, files in whole.golden.outputs.items() if one == name}
        golden = Golden(input=whole.golden.input, outputs=outputs) if outputs else None
    is_calibrated = variant.calibration_sha256 is not None
    return msgspec.structs.replace(
        whole, variants={name: variant}, golden=golden, calibration=whole.calibration if is_calibrated else None
    )


def _has_gates(bundle: Bundle) -> bool:
    try:
        bundle.read_unlisted(GATES)
    except BundleError:
        return False
    return True

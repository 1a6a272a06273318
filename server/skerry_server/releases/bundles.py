"""From a bundle with several variants, one that holds a single variant, as a device downloads it."""

from __future__ import annotations

from functools import partial
from typing import IO

import msgspec

from skerry_edge.contracts.bundle import Bundle, Content, pack_into
from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import GATES, Manifest, artifacts


def write_variant(bundle: Bundle, name: str, file: IO[bytes]) -> None:
    """Write the packed bundle of the variant ``name`` alone; equal bundles give equal bytes. Raises BundleError.

    `gates.json` goes along whole: it tells how all variants compare.
    """
    manifest = manifest_of(bundle, name)
    files: dict[str, tuple[int, Content]] = {
        one.file: (one.size, partial(bundle.copy, one)) for one in artifacts(manifest)
    }
    if (gates := _gates(bundle)) is not None:
        files[GATES] = (len(gates), lambda into: into.write(gates))
    pack_into(file, manifest, files)


def manifest_of(bundle: Bundle, name: str) -> Manifest:
    """Return the manifest that is left when all variants but ``name`` go. Raises BundleError where it is none."""
    whole = bundle.manifest
    variant = bundle.variant(name)
    golden = None
    if whole.golden is not None:
        outputs = {one: files for one, files in whole.golden.outputs.items() if one == name}
        golden = msgspec.structs.replace(whole.golden, outputs=outputs) if outputs else None
    is_calibrated = variant.calibration_sha256 is not None
    return msgspec.structs.replace(
        whole, variants={name: variant}, golden=golden, calibration=whole.calibration if is_calibrated else None
    )


def _gates(bundle: Bundle) -> bytes | None:
    try:
        return bundle.read_unlisted(GATES)
    except BundleError:
        return None

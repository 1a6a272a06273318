"""The calibration manifest: everything that decided which inputs a network was calibrated with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from skerry_converters.calibration.feeds import ModelInput
from skerry_converters.calibration.items import Item

SCHEMA = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class CalibrationManifest:
    """Canonical JSON, and its hash for `Variant.calibration_sha256`."""

    data: bytes
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """How the items were chosen: of ``found``, at most ``limit``, by ``seed``; then a ``part`` of those."""

    found: int
    limit: int
    seed: int
    part: str = "all"


def describe(kind: str, choice: Choice, model_input: ModelInput, items: Sequence[Item]) -> CalibrationManifest:
    """Return the manifest: keys sorted, names relative, no date and no path of this machine."""
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "kind": kind,
        "found": choice.found,
        "limit": choice.limit,
        "seed": choice.seed,
        "part": choice.part,
        "count": len(items),
        "samples": sum(item.samples for item in items),
        # Defaults are written out: a later default must not change what an old manifest says.
        "preprocessing": {"kind": model_input.__struct_config__.tag, **msgspec.structs.asdict(model_input)},
        "items": [_item(item) for item in items],
    }
    data = msgspec.json.format(msgspec.json.encode(content, order="sorted"), indent=2) + b"\n"
    return CalibrationManifest(data=data, sha256=hashlib.sha256(data).hexdigest())


def _item(item: Item) -> dict[str, Any]:
    place = {} if item.index is None else {"index": item.index}
    return {"name": item.name, "sha256": item.file_sha256, **place}

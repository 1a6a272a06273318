"""The calibration manifest: everything that decided which inputs a network was calibrated with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from skerry_converters.calibration.feeds import ModelInput
from skerry_converters.calibration.items import CalibrationError, Item
from skerry_edge.contracts.manifest import Sha256

SCHEMA: Literal[1] = 1
Count = Annotated[int, Meta(ge=0)]


class RecordedItem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One item: its file's path below what was opened, that file's hash, and the place in a file of many."""

    name: str
    sha256: Sha256
    index: Count | None = None


class CalibrationRecord(Struct, frozen=True, kw_only=True):
    """`calibration.json`: of ``found``, at most ``limit`` chosen by ``seed``, then a ``part`` of those.

    ``preprocessing`` is the manifest's input with its defaults written out: a later default must not change what an
    old record says. ``samples`` are the network's inputs that the items give together.
    """

    schema: Literal[1]
    kind: str
    found: Count
    limit: Annotated[int, Meta(ge=1)]
    seed: Count
    part: str
    count: Count
    samples: Count
    preprocessing: dict[str, Any]
    items: tuple[RecordedItem, ...]


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
    record = CalibrationRecord(
        schema=SCHEMA,
        kind=kind,
        found=choice.found,
        limit=choice.limit,
        seed=choice.seed,
        part=choice.part,
        count=len(items),
        samples=sum(item.samples for item in items),
        preprocessing={"kind": model_input.__struct_config__.tag, **msgspec.structs.asdict(model_input)},
        items=tuple(recorded(item) for item in items),
    )
    data = msgspec.json.format(msgspec.json.encode(record, order="sorted"), indent=2) + b"\n"
    return CalibrationManifest(data=data, sha256=hashlib.sha256(data).hexdigest())


def recorded(item: Item) -> RecordedItem:
    """Return what the manifest says of an item."""
    return RecordedItem(name=item.name, sha256=item.file_sha256, index=item.index)


def decode_record(data: bytes, *, where: str) -> CalibrationRecord:
    """Read what `describe` wrote. Raises CalibrationError."""
    try:
        return msgspec.json.decode(data, type=CalibrationRecord)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CalibrationError("this is no calibration manifest", where=where, found=str(error)) from error

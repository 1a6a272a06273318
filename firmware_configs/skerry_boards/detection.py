"""Which profile a machine's own description calls for, why, and what else was seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from skerry_boards.machine import Machine
from skerry_boards.schema import Accelerator, Board

_DISPLAY, _PROCESSING = "03", "12"
_CLASSES = {_DISPLAY: "display controller", _PROCESSING: "processing accelerator"}
"""Base classes of PCI that compute networks (PCI Code and ID Assignment Specification, section 1)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """A profile that fits a machine, and what speaks for it by kind; a generic one has no evidence."""

    board: Board
    evidence: dict[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Detection:
    """What was found: the profile where one is called for, else the ``candidates`` or none.

    ``fallback`` is the generic profile of the architecture; ``seen`` are accelerators that the profile does not count
    on, ``absent`` those of its own that did not show up.
    """

    machine: Machine
    match: Match | None
    candidates: tuple[Match, ...] = ()
    fallback: Board | None = None
    seen: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


def detect(machine: Machine, boards: Sequence[Board]) -> Detection:
    """Hold a machine against the profiles; the one is called for whose kinds of evidence include all others'."""
    matches = [match for board in boards if (match := _match(machine, board)) is not None]
    best = tuple(one for one in matches if not any(_says_more(other, one) for other in matches))
    fallback = next((one.board for one in matches if is_generic(one.board)), None)
    match = best[0] if len(best) == 1 else None
    own = match.board.accelerators if match else ()
    return Detection(
        machine=machine,
        match=match,
        candidates=() if match else best,
        fallback=fallback,
        seen=tuple(_foreign(machine, own, boards)),
        absent=tuple(_absent(machine, own)),
    )


def is_generic(board: Board) -> bool:
    """Tell whether a profile is for everything of its architecture."""
    told_by_parts = board.processor.name or board.processor.vendor or any(one.ids for one in board.accelerators)
    return not (board.device_tree or board.compatible or told_by_parts)


def has_tree_of(board: Board, *, model: str | None, compatible: Iterable[str] = ()) -> bool:
    """Tell whether a device tree's model or entries of its `compatible` are a board's."""
    return bool(model and model.startswith(board.device_tree)) or not {*board.compatible}.isdisjoint(compatible)


def _match(machine: Machine, board: Board) -> Match | None:
    if board.kind != "computer" or board.processor.architecture != machine.architecture:
        return None
    wanted = {
        "device tree": (bool(board.device_tree or board.compatible), _tree_evidence(machine, board)),
        "processor": (board.processor.vendor is not None, _vendor_evidence(machine, board)),
        "USB": (any(_is_pluggable(one) for one in board.accelerators), _usb_evidence(machine, board)),
    }
    if any(needed and found is None for needed, found in wanted.values()):
        return None
    if board.processor.name and not any(needed for needed, _ in wanted.values()):
        return None  # told by its name alone, which no kernel writes
    return Match(board=board, evidence={kind: found for kind, (needed, found) in wanted.items() if needed and found})


def _tree_evidence(machine: Machine, board: Board) -> str | None:
    if not has_tree_of(board, model=machine.model, compatible=machine.compatible):
        return None
    return f"the device tree's model is '{machine.model}'"


def _vendor_evidence(machine: Machine, board: Board) -> str | None:
    vendor = board.processor.vendor
    return f"the processor's maker is {vendor}" if vendor == machine.cpu_vendor else None


def _usb_evidence(machine: Machine, board: Board) -> str | None:
    present = {one.id for one in machine.usb}
    for accelerator in filter(_is_pluggable, board.accelerators):
        found = present & set(accelerator.ids)
        if found:
            return f"{accelerator.name} is on USB ({', '.join(sorted(found))})"
    return None


def _is_pluggable(accelerator: Accelerator) -> bool:
    return accelerator.attached == "usb" and bool(accelerator.ids)


def _says_more(one: Match, other: Match) -> bool:
    return set(one.evidence) > set(other.evidence)


def _foreign(machine: Machine, own: Sequence[Accelerator], boards: Sequence[Board]) -> list[str]:
    """Describe what computes networks and is none of the profile's accelerators."""
    names = {number: one.name for board in boards for one in board.accelerators for number in one.ids}
    on_usb = [(names.get(one.id), "USB", one.id) for one in machine.usb]
    on_pci = [(names.get(one.id) or _CLASSES.get(one.class_code[:2]), "PCI", one.id) for one in machine.pci]
    counted = {number for one in own for number in one.ids}
    return [f"{name} on {bus} ({number})" for name, bus, number in on_usb + on_pci if name and number not in counted]


def _absent(machine: Machine, own: Sequence[Accelerator]) -> list[str]:
    present = {one.id for one in machine.usb} | {one.id for one in machine.pci}
    missing = [one for one in own if one.ids and not present & set(one.ids)]
    return [f"{one.name} ({one.attached}, {' or '.join(one.ids)})" for one in missing]
